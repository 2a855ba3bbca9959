#include "tools/terminal/files.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/terminal/failure.h"
#include "tools/terminal/signals.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

constexpr mode_t kOwnerOnly = 0600, kShared = 0644;

class Descriptor {
 public:
  Descriptor(int fd, bool own) : fd_(fd), own_(own) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (own_ && fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  /// Closes now; some file systems report only here that the disk is full.
  [[nodiscard]] bool finish() noexcept {
    const int fd = fd_;
    fd_ = -1;
    return close(fd) == 0;
  }

 private:
  int fd_;
  bool own_;
};

[[noreturn]] void fail(const std::string& path, const char* message) {
  throw Failure(Kind::kBadInput, tr(message, path, std::strerror(errno)));
}

void write_all(int fd, BytesView contents, const std::string& path) {
  while (!contents.empty()) {
    const ssize_t count = write(fd, contents.data(), contents.size());
    if (count < 0 && errno == EINTR) {
      stop_if_interrupted();
      continue;
    }
    if (count < 0) fail(path, N_("{0} cannot be written: {1}"));
    contents = contents.subspan(static_cast<std::size_t>(count));
  }
}

void write_standard(BytesView contents) {
  if (isatty(STDOUT_FILENO) == 1 && !is_plain(contents))
    throw Failure(Kind::kUsage, tr("This is no plain text; it is not written to a terminal."),
                  tr("Name a file: --out FILE"));
  std::fflush(stdout);
  write_all(STDOUT_FILENO, contents, tr("The standard output"));
}

mode_t current_umask() {
  const mode_t mask = umask(kOwnerOnly);
  umask(mask);
  return mask;
}

/// A new file beside the one that it replaces when it is complete; gone if it never is.
class NewFile {
 public:
  explicit NewFile(const std::string& path)
      : path_(path),
        beside_(path.substr(0, path.rfind('/') + 1) + ".kilt-XXXXXX"),
        // O_EXCL and mode 0600: no planted file is opened.
        file_(mkostemp(beside_.data(), O_CLOEXEC), true) {
    if (file_.get() < 0) {
      beside_.clear();
      fail(path_, N_("{0} cannot be written: {1}"));
    }
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (!beside_.empty()) unlink(beside_.c_str());
  }

  void write(BytesView contents, Access access) {
    write_all(file_.get(), contents, path_);
    const mode_t mode = access == Access::kAll ? kShared & ~current_umask() : kOwnerOnly;
    const bool good = fchmod(file_.get(), mode) == 0 && fsync(file_.get()) == 0 && file_.finish() &&
                      rename(beside_.c_str(), path_.c_str()) == 0;
    if (!good) fail(path_, N_("{0} cannot be written: {1}"));
    beside_.clear();
  }

 private:
  std::string path_, beside_;
  Descriptor file_;
};

/// nullopt: nothing. Throws Failure(kBadInput) for a symbolic link.
std::optional<struct stat> what_is_there(const std::string& path) {
  struct stat there {};
  if (lstat(path.c_str(), &there) != 0) return std::nullopt;
  if (S_ISLNK(there.st_mode))
    throw Failure(Kind::kBadInput,
                  tr("{0} is a symbolic link; nothing is written through it.", path),
                  tr("Name the file itself."));
  return there;
}

}  // namespace

Bytes read_file(const std::string& path, std::size_t most) {
  const bool standard = path == "-";
  // A FIFO without a writer must not hold the program up where no signal is heard.
  const Descriptor file(
      standard ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK),
      !standard);
  if (file.get() < 0) fail(path, N_("{0} cannot be read: {1}"));
  Bytes contents;
  Bytes part(65536);
  while (true) {
    wait_for_input(file.get());
    const ssize_t count = read(file.get(), part.data(), part.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) fail(path, N_("{0} cannot be read: {1}"));
    if (count == 0) return contents;
    contents.insert(contents.end(), part.begin(), part.begin() + count);
    if (contents.size() > most) throw Failure(Kind::kBadInput, tr("{0} is too large.", path));
  }
}

void check_writable(const std::string& path) {
  if (path.empty() || path == "-") return;
  static_cast<void>(what_is_there(path));
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  if (access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) != 0)
    fail(path, N_("{0} cannot be written: {1}"));
}

void write_file(const std::string& path, BytesView contents, Access access) {
  if (path.empty() || path == "-") return write_standard(contents);
  const auto there_now = what_is_there(path);
  if (!there_now || S_ISREG(there_now->st_mode) || S_ISDIR(there_now->st_mode))
    return NewFile(path).write(contents, access);
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY), true);
  if (file.get() < 0) fail(path, N_("{0} cannot be written: {1}"));
  write_all(file.get(), contents, path);
}

}  // namespace kilt::tool
