// One thread, many descriptors.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "tests/virtual/card.h"

namespace kilt::vtoken {

class EventLoop {
 public:
  using Callback = std::function<void()>;

  /// Calls `ready` whenever the descriptor can be read or was closed by the other side.
  void watch(int fd, Callback ready) { watched_[fd] = std::move(ready); }
  void forget(int fd) { watched_.erase(fd); }
  /// Until stop().
  void run();
  void stop() noexcept { stopped_ = true; }
  /// Called about every `milliseconds`, for what cannot be waited for.
  void every(int milliseconds, Callback tick);

 private:
  std::map<int, Callback> watched_;
  Callback tick_;
  int tick_ms_ = -1;
  bool stopped_ = false;
};

/// Descriptors as owners.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  [[nodiscard]] int get() const noexcept { return fd_; }
  int release() noexcept;

 private:
  int fd_;
};

/// vpcd's framing: two bytes length, big-endian, then the payload. Nothing once the other side is
/// gone.
std::optional<Bytes> read_frame(int fd);
bool write_frame(int fd, const Bytes& payload);

/// Listens on a Unix socket; a leftover of an earlier program is replaced. Throws
/// std::runtime_error.
Descriptor listen_on(const std::string& path);
/// Connects to a TCP port, without delays; an empty descriptor if nobody listens.
Descriptor connect_to(const std::string& host, const std::string& port);
/// Asks TCP to acknowledge at once; it forgets, so ask before every read.
void acknowledge_quickly(int fd);

}  // namespace kilt::vtoken
