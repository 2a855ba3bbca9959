// An open file that closes itself.
#pragma once

#include <unistd.h>

namespace kilt {

class Descriptor {
 public:
  /// Takes what open() answers; a negative number is no file.
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

}  // namespace kilt
