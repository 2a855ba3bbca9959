#include "drivers/profile/trusted_file.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/descriptor.h"

namespace kilt {
namespace {

/// Who may change it has no fewer rights than this process; `what` is it, for the message.
void check_owner(const struct stat& file, const char* what) {
  const uid_t user = geteuid();
  if (file.st_uid != 0 && file.st_uid != user)
    throw UntrustedFile(std::string(what) + " belongs to another user; it is not used");
  // In a folder with the sticky bit, e.g. /tmp, no user replaces the file of another.
  if (S_ISDIR(file.st_mode) && (file.st_mode & S_ISVTX) != 0) return;
  const bool own_group = file.st_gid == 0 || (user != 0 && file.st_gid == getegid());
  if ((file.st_mode & S_IWOTH) != 0 || ((file.st_mode & S_IWGRP) != 0 && !own_group))
    throw UntrustedFile(std::string(what) + " may be written by other users; it is not used");
}

}  // namespace

std::string read_trusted_file(const std::filesystem::path& path, std::size_t max) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat state {};
  if (file.get() < 0 || fstat(file.get(), &state) != 0) throw UntrustedFile("cannot be read");
  if (!S_ISREG(state.st_mode)) throw UntrustedFile("is no regular file");
  check_owner(state, "the file");
  // The folder that the file itself is in, also where a link led there.
  std::error_code error;
  const auto real = std::filesystem::canonical(path, error);
  struct stat folder {};
  if (error || stat(real.parent_path().c_str(), &folder) != 0)
    throw UntrustedFile("cannot be read");
  check_owner(folder, "its folder");
  std::string text;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t count = read(file.get(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw UntrustedFile("cannot be read");
    if (count == 0) return text;
    text.append(part.data(), static_cast<std::size_t>(count));
    if (text.size() > max) throw UntrustedFile("is too large");
  }
}

}  // namespace kilt
