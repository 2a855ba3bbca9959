#include "tests/tools/bridge/client.h"

#include <array>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kilt::bridge::test {
namespace {

using namespace std::chrono;

bool can_read(int fd, steady_clock::time_point end) {
  const auto left = duration_cast<milliseconds>(end - steady_clock::now()).count();
  pollfd look{fd, POLLIN, 0};
  return left > 0 && poll(&look, 1, static_cast<int>(left)) > 0;
}

}  // namespace

Client::Client(std::uint16_t port, int receive_buffer)
    : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer > 0)
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(fd_);
    fd_ = -1;
  }
}

Client::~Client() {
  if (fd_ >= 0) close(fd_);
}

bool Client::raw(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::string Client::until_end(seconds wait) {
  const auto end = steady_clock::now() + wait;
  while (can_read(fd_, end)) {
    std::array<char, 65536> part{};
    const ssize_t count = recv(fd_, part.data(), part.size(), 0);
    if (count <= 0) break;
    buffer_.append(part.data(), static_cast<std::size_t>(count));
  }
  return std::exchange(buffer_, {});
}

std::optional<std::string> Client::bytes(std::size_t count, steady_clock::time_point end) {
  while (buffer_.size() < count) {
    if (!can_read(fd_, end)) return std::nullopt;
    std::array<char, 65536> part{};
    const ssize_t got = recv(fd_, part.data(), part.size(), 0);
    if (got <= 0) return std::nullopt;
    buffer_.append(part.data(), static_cast<std::size_t>(got));
  }
  std::string result = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return result;
}

int Client::open(const std::string& headers, const std::string& host) {
  if (!raw("GET / HTTP/1.1\r\nHost: " + host +
           "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
           headers + "\r\n"))
    return 0;
  const auto end = steady_clock::now() + seconds(10);
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    const auto next = bytes(1, end);
    if (!next) break;
    head += *next;
  }
  return head.starts_with("HTTP/1.1 ") && head.size() > 12 ? std::stoi(head.substr(9, 3)) : 0;
}

bool Client::frame(std::uint8_t first, std::string_view payload) {
  std::string head(1, static_cast<char>(first));
  const auto masked = [](std::size_t value) { return static_cast<char>(0x80U | value); };
  if (payload.size() < 126) {
    head += masked(payload.size());
  } else {
    const std::size_t width = payload.size() < 65536 ? 2 : 8;
    head += masked(width == 2 ? 126 : 127);
    for (std::size_t i = width; i-- > 0;) head += static_cast<char>(payload.size() >> (8 * i));
  }
  const std::string mask = "\x11\x22\x33\x44";
  std::string body(payload);
  for (std::size_t i = 0; i < body.size(); ++i)
    body[i] = static_cast<char>(body[i] ^ mask[i % mask.size()]);
  return raw(head + mask + body);
}

bool Client::text(std::string_view message, std::size_t frames) {
  const std::size_t size = message.size() / frames + 1;
  for (std::size_t i = 0; i < frames; ++i) {
    const bool last = i + 1 == frames;
    const auto part = message.substr(0, last ? message.size() : size);
    const unsigned first = (last ? 0x80U : 0U) | (i == 0 ? 1U : 0U);
    if (!frame(static_cast<std::uint8_t>(first), part)) return false;
    message.remove_prefix(part.size());
  }
  return true;
}

std::optional<std::string> Client::read(seconds wait) {
  const auto end = steady_clock::now() + wait;
  std::string message;
  while (true) {
    const auto head = bytes(2, end);
    if (!head) return std::nullopt;
    const unsigned first = static_cast<unsigned char>((*head)[0]);
    std::size_t size = static_cast<unsigned char>((*head)[1]);
    if (size >= 126) {
      const auto length = bytes(size == 126 ? 2 : 8, end);
      if (!length) return std::nullopt;
      size = 0;
      for (const char c : *length) size = size << 8U | static_cast<unsigned char>(c);
    }
    const auto payload = bytes(size, end);
    if (!payload) return std::nullopt;
    const unsigned opcode = first & 0x0FU;
    if (opcode == 8) {
      if (payload->size() >= 2)
        close_code_ = static_cast<unsigned char>((*payload)[0]) << 8 |
                      static_cast<unsigned char>((*payload)[1]);
      return std::nullopt;
    }
    if (opcode > 8) continue;
    message += *payload;
    if ((first & 0x80U) != 0) return message;
  }
}

void Client::half_close() const { shutdown(fd_, SHUT_WR); }

}  // namespace kilt::bridge::test
