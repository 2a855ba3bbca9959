// A WebSocket client for tests, over plain TCP: it can also say what no browser would.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kilt::bridge::test {

class Client {
 public:
  /// `receive_buffer` in octets; 0: the kernel's own choice, which grows with what is not read.
  explicit Client(std::uint16_t port, int receive_buffer = 0);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// Bytes as they are; false: the other side has closed.
  bool raw(std::string_view bytes);
  /// The answer to a plain request, until the other side closes.
  std::string until_end(std::chrono::seconds wait = std::chrono::seconds(10));
  /// The opening handshake with these further header lines; the status code, 0 if there was no
  /// answer.
  int open(const std::string& headers = "Origin: https://site.example\r\n",
           const std::string& host = "127.0.0.1:13579");
  /// One text message in so many frames.
  bool text(std::string_view message, std::size_t frames = 1);
  /// One frame with this first octet (FIN and opcode).
  bool frame(std::uint8_t first, std::string_view payload);
  /// The next whole message; nullopt: closed, or none in this time.
  std::optional<std::string> read(std::chrono::seconds wait = std::chrono::seconds(20));
  /// The code of the close frame that came; 0: none.
  [[nodiscard]] int close_code() const noexcept { return close_code_; }
  void half_close() const;

 private:
  std::optional<std::string> bytes(std::size_t count, std::chrono::steady_clock::time_point end);
  int fd_ = -1;
  std::string buffer_;
  int close_code_ = 0;
};

}  // namespace kilt::bridge::test
