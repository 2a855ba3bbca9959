// Files that commands read and write.
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/context.h"
#include "tools/text.h"

namespace kilt::tool {
namespace {

constexpr std::size_t kMaxFile = std::size_t{16} << 20U;

class Descriptor {
 public:
  Descriptor(int fd, bool own) : fd_(fd), own_(own) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (own_ && fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
  bool own_;
};

[[noreturn]] void fail(const std::string& path, const char* message) {
  throw Failure(Kind::kBadInput, tr(message, path, std::strerror(errno)));
}

}  // namespace

Bytes read_file(const std::string& path) {
  const bool standard = path == "-";
  const Descriptor file(standard ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC),
                        !standard);
  if (file.get() < 0) fail(path, "{0} cannot be read: {1}");
  Bytes contents;
  Bytes part(65536);
  while (true) {
    const ssize_t count = read(file.get(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path, "{0} cannot be read: {1}");
    if (count == 0) return contents;
    contents.insert(contents.end(), part.begin(), part.begin() + count);
    if (contents.size() > kMaxFile) throw Failure(Kind::kBadInput, tr("{0} is too large.", path));
  }
}

void write_file(const std::string& path, BytesView contents, unsigned mode) {
  const bool standard = path.empty() || path == "-";
  const Descriptor file(
      standard ? STDOUT_FILENO : open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode),
      !standard);
  if (file.get() < 0) fail(path, "{0} cannot be written: {1}");
  if (standard) std::fflush(stdout);
  while (!contents.empty()) {
    const ssize_t count = write(file.get(), contents.data(), contents.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path, "{0} cannot be written: {1}");
    contents = contents.subspan(static_cast<std::size_t>(count));
  }
}

void replace_file(const std::string& path, BytesView contents, unsigned mode) {
  const std::string beside = fmt::format("{}.{}.new", path, getpid());
  write_file(beside, contents, mode);
  if (rename(beside.c_str(), path.c_str()) != 0) {
    const int error = errno;
    unlink(beside.c_str());
    errno = error;
    fail(path, "{0} cannot be written: {1}");
  }
}

}  // namespace kilt::tool
