#include "apdu/socket_channel.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "apdu/errors.h"

namespace kilt::apdu {
namespace {

constexpr std::size_t kMaxPayload = 0xFFFF;

int milliseconds_left(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                        deadline - std::chrono::steady_clock::now())
                        .count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

}  // namespace

std::unique_ptr<SocketChannel> SocketChannel::open(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    throw TransportError("socket path is too long: " + path);
  std::ranges::copy(path, address.sun_path);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw TransportError("no socket available");
  auto channel = std::unique_ptr<SocketChannel>(new SocketChannel(fd));
  // The C API takes every address family as sockaddr.
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return nullptr;
  return channel;
}

SocketChannel::~SocketChannel() { ::close(fd_); }

void SocketChannel::send(BytesView payload) {
  if (payload.size() > kMaxPayload) throw std::length_error("frame too long");
  Bytes frame = write_be(payload.size(), 2);
  append(frame, payload);
  for (std::size_t sent = 0; sent < frame.size();) {
    const ssize_t count = ::send(fd_, &frame[sent], frame.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw CardRemoved();
    sent += static_cast<std::size_t>(count);
  }
}

void SocketChannel::send(SocketControl control) {
  const Byte payload = static_cast<Byte>(control);
  send(BytesView(&payload, 1));
}

std::optional<Bytes> SocketChannel::receive(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  Bytes length(2);
  if (!fill(length.data(), length.size(), deadline)) return std::nullopt;
  Bytes payload(read_be(length));
  if (!fill(payload.data(), payload.size(), deadline)) return std::nullopt;
  return payload;
}

bool SocketChannel::fill(Byte* target, std::size_t size,
                         std::chrono::steady_clock::time_point deadline) {
  for (std::size_t got = 0; got < size;) {
    pollfd waiting{fd_, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, milliseconds_left(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return false;
    const ssize_t count = ::recv(fd_, target + got, size - got, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw CardRemoved();
    got += static_cast<std::size_t>(count);
  }
  return true;
}

bool SocketChannel::closed() const noexcept {
  Byte byte = 0;
  const ssize_t count = ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
}

}  // namespace kilt::apdu
