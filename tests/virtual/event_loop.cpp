#include "tests/virtual/event_loop.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace kilt::vtoken {
namespace {

bool read_all(int fd, std::uint8_t* target, std::size_t size) {
  for (std::size_t got = 0; got < size;) {
    const ssize_t count = recv(fd, target + got, size - got, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    got += static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

void EventLoop::every(int milliseconds, Callback tick) {
  tick_ms_ = milliseconds;
  tick_ = std::move(tick);
}

void EventLoop::run() {
  while (!stopped_) {
    std::vector<pollfd> waiting;
    for (const auto& [fd, ready] : watched_) waiting.push_back({fd, POLLIN, 0});
    const int count = poll(waiting.data(), waiting.size(), tick_ms_);
    if (count < 0 && errno != EINTR) throw std::runtime_error("poll failed");
    if (count == 0 && tick_) tick_();
    for (const pollfd& one : waiting) {
      if (one.revents == 0) continue;
      const auto found = watched_.find(one.fd);
      if (found == watched_.end()) continue;  // forgotten by a callback before it
      const Callback ready = found->second;
      ready();
    }
  }
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) close(fd_);
    fd_ = other.release();
  }
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

int Descriptor::release() noexcept {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

std::optional<Bytes> read_frame(int fd) {
  std::uint8_t length[2];
  acknowledge_quickly(fd);
  if (!read_all(fd, length, sizeof length)) return std::nullopt;
  Bytes payload(static_cast<std::size_t>(length[0]) << 8 | length[1]);
  acknowledge_quickly(fd);
  if (!read_all(fd, payload.data(), payload.size())) return std::nullopt;
  return payload;
}

bool write_frame(int fd, const Bytes& payload) {
  Bytes frame{static_cast<std::uint8_t>(payload.size() >> 8),
              static_cast<std::uint8_t>(payload.size())};
  frame.insert(frame.end(), payload.begin(), payload.end());
  for (std::size_t sent = 0; sent < frame.size();) {
    const ssize_t count = send(fd, frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

Descriptor listen_on(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error(path + ": path too long");
  std::ranges::copy(path, address.sun_path);
  Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  unlink(path.c_str());
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (listener.get() < 0 || bind(listener.get(), generic, sizeof address) != 0 ||
      listen(listener.get(), 16) != 0)
    throw std::runtime_error(path + ": cannot listen");
  return listener;
}

Descriptor connect_to(const std::string& host, const std::string& port) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return Descriptor();
  Descriptor connected;
  for (const addrinfo* one = found; one != nullptr && connected.get() < 0; one = one->ai_next) {
    Descriptor fd(socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol));
    if (fd.get() >= 0 && connect(fd.get(), one->ai_addr, one->ai_addrlen) == 0)
      connected = std::move(fd);
  }
  freeaddrinfo(found);
  if (connected.get() >= 0) {
    // Without it every APDU costs 40 ms of waiting for a fuller packet.
    const int on = 1;
    setsockopt(connected.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  return connected;
}

void acknowledge_quickly(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);  // fails on a Unix socket: fine
}

}  // namespace kilt::vtoken
