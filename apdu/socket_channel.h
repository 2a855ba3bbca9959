// One framed connection to a virtual token's Unix socket (see socket_transport.h for the framing).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "apdu/bytes.h"

namespace kilt::apdu {

/// The controls of the framing.
enum class SocketControl : Byte {
  kPowerOff = 0x00,
  kPowerOn = 0x01,
  kReset = 0x02,
  kAtr = 0x04,
  kLock = 0x05,
  kUnlock = 0x06,
};

class SocketChannel {
 public:
  /// Nothing if no server listens at `path`. Throws TransportError for a path that is too long.
  static std::unique_ptr<SocketChannel> open(const std::string& path);
  SocketChannel(const SocketChannel&) = delete;
  SocketChannel& operator=(const SocketChannel&) = delete;
  ~SocketChannel();

  /// Throws CardRemoved if the other side is gone.
  void send(BytesView payload);
  void send(SocketControl control);
  /// Next payload. Throws CardRemoved if the other side is gone; nothing when time is over.
  std::optional<Bytes> receive(std::chrono::milliseconds patience);
  /// The other side has closed. Takes no time.
  [[nodiscard]] bool closed() const noexcept;
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  explicit SocketChannel(int fd) noexcept : fd_(fd) {}
  bool fill(Byte* target, std::size_t size, std::chrono::steady_clock::time_point deadline);

  int fd_;
};

}  // namespace kilt::apdu
