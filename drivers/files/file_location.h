// Where a token of drivers/files lies: shared by the source, which watches it, and the token, which
// works on it.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <optional>

namespace kilt::files {

/// A file, or a free location in a folder where one will be. Thread-safe.
class FileLocation {
 public:
  /// A file that is there.
  explicit FileLocation(std::filesystem::path file) : file_(std::move(file)) {}
  /// A free location.
  struct Free {
    std::filesystem::path folder;
  };
  explicit FileLocation(Free free) : folder_(std::move(free.folder)) {}

  /// The file; nothing while the place is free.
  [[nodiscard]] std::optional<std::filesystem::path> file() const {
    const std::lock_guard lock(mutex_);
    return file_;
  }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  /// The free location got its file.
  void take(const std::filesystem::path& file) {
    const std::lock_guard lock(mutex_);
    file_ = file;
  }

  /// How long the next password waits: doubled by each wrong one, since no counter stops guessing.
  [[nodiscard]] std::chrono::milliseconds delay() const noexcept {
    constexpr unsigned kMaxDoublings = 5;
    const unsigned wrong = wrong_;
    if (wrong == 0) return std::chrono::milliseconds(0);
    return std::chrono::milliseconds(125U << (wrong < kMaxDoublings ? wrong : kMaxDoublings));
  }
  void note_wrong() noexcept { ++wrong_; }
  void note_right() noexcept { wrong_ = 0; }

 private:
  mutable std::mutex mutex_;
  std::optional<std::filesystem::path> file_;
  std::filesystem::path folder_;
  std::atomic<unsigned> wrong_{0};
};

}  // namespace kilt::files
