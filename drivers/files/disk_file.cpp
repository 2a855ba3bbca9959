#include "drivers/files/disk_file.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/descriptor.h"
#include "drivers/errors.h"

namespace kilt::files {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMinFile = 16;

Stamp stamp_from(const struct stat& about) {
  return {about.st_dev, about.st_ino, about.st_size, about.st_mtim.tv_sec, about.st_mtim.tv_nsec};
}

bool acceptable(const struct stat& about) {
  return S_ISREG(about.st_mode) && about.st_size >= kMinFile && about.st_size <= kMaxFile;
}

[[noreturn]] void cannot_write(const fs::path& path, int error) {
  if (error == ENOSPC || error == EDQUOT)
    throw TokenFull(fmt::format("no room on the disk for {}", path.string()));
  throw WriteProtected(
      fmt::format("cannot write {}: {}", path.string(), std::generic_category().message(error)));
}

bool write_all(int fd, BytesView contents) {
  for (std::size_t done = 0; done < contents.size();) {
    const ssize_t step = ::write(fd, contents.data() + done, contents.size() - done);
    if (step < 0 && errno == EINTR) continue;
    if (step <= 0) return false;
    done += static_cast<std::size_t>(step);
  }
  return true;
}

/// A name for the draft that no other process uses.
fs::path draft_of(const fs::path& file) {
  return file.parent_path() / fmt::format(".{}.{}.new", file.filename().string(), ::getpid());
}

/// The draft on disk, complete; removed if anything fails.
void write_draft(const fs::path& draft, BytesView contents, mode_t mode) {
  ::unlink(draft.c_str());  // ours alone: the name has our process in it
  int error = 0;
  {
    const Descriptor fd(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                               S_IRUSR | S_IWUSR));
    if (fd.get() < 0) cannot_write(draft, errno);
    if (!write_all(fd.get(), contents) || ::fchmod(fd.get(), mode & 07777) != 0 ||
        ::fsync(fd.get()) != 0)
      error = errno;
  }
  if (error == 0) return;
  ::unlink(draft.c_str());
  cannot_write(draft, error);
}

void sync_folder(const fs::path& folder) {
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() >= 0) ::fsync(fd.get());
}

/// Where a link leads to; the path itself if it is none.
fs::path target_of(const fs::path& file) {
  std::error_code error;
  const fs::path real = fs::canonical(file, error);
  return error ? file : real;
}

/// Our processes wait for each other between reading and renaming. Of other programs' writing
/// the stamp is a sign.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder)
      : folder_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (folder_.get() >= 0) ::flock(folder_.get(), LOCK_EX);
  }

 private:
  Descriptor folder_;
};

}  // namespace

std::optional<Stamp> stamp_of(const fs::path& file) {
  struct stat about {};
  if (::stat(file.c_str(), &about) != 0 || !acceptable(about)) return std::nullopt;
  return stamp_from(about);
}

Contents read_file(const fs::path& file) {
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about {};
  if (fd.get() < 0) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) throw CardRemoved("the file is gone");
    throw TransportError(
        fmt::format("cannot read {}: {}", file.string(), std::generic_category().message(error)));
  }
  if (::fstat(fd.get(), &about) != 0 || !acceptable(about))
    throw TransportError(fmt::format("{} is no key file", file.string()));
  Contents read{Bytes(static_cast<std::size_t>(about.st_size)), stamp_from(about)};
  for (std::size_t done = 0; done < read.bytes.size();) {
    const ssize_t step = ::read(fd.get(), read.bytes.data() + done, read.bytes.size() - done);
    if (step < 0 && errno == EINTR) continue;
    if (step <= 0)
      throw TransportError(fmt::format(
          "cannot read {}: {}", file.string(),
          step < 0 ? std::generic_category().message(errno) : std::string("it became shorter")));
    done += static_cast<std::size_t>(step);
  }
  return read;
}

std::string why_read_only(const fs::path& file) {
  const fs::path target = target_of(file);
  if (::access(target.parent_path().c_str(), W_OK | X_OK) != 0)
    return fmt::format("the folder {} cannot be written", target.parent_path().string());
  if (::access(target.c_str(), F_OK) == 0 && ::access(target.c_str(), W_OK) != 0)
    return fmt::format("the file {} cannot be written", target.string());
  return {};
}

Stamp replace_file(const fs::path& file, BytesView contents, const std::optional<Stamp>& expected) {
  if (const std::string reason = why_read_only(file); !reason.empty()) throw WriteProtected(reason);
  const fs::path target = target_of(file);
  const FolderLock lock(target.parent_path());
  struct stat about {};
  if (::stat(target.c_str(), &about) != 0) throw CardRemoved("the file is gone");
  if (expected && stamp_from(about) != *expected)
    throw ReaderBusy("another program changed the file: nothing was written");
  const fs::path draft = draft_of(target);
  write_draft(draft, contents, about.st_mode);
  if (::rename(draft.c_str(), target.c_str()) != 0) {
    const int error = errno;
    ::unlink(draft.c_str());
    cannot_write(target, error);
  }
  sync_folder(target.parent_path());
  return stamp_of(target).value_or(Stamp{});
}

Stamp create_file(const fs::path& file, BytesView contents) {
  std::error_code ignored;
  if (fs::create_directories(file.parent_path(), ignored))
    ::chmod(file.parent_path().c_str(), S_IRWXU);
  const FolderLock lock(file.parent_path());
  const fs::path draft = draft_of(file);
  write_draft(draft, contents, S_IRUSR | S_IWUSR);
  // link() refuses to take the place of a file that is there, as rename() would not.
  const int done = ::link(draft.c_str(), file.c_str());
  const int error = errno;
  ::unlink(draft.c_str());
  if (done != 0 && error == EEXIST)
    throw Inconsistent(fmt::format("there is a file {} already", file.string()));
  if (done != 0) cannot_write(file, error);
  sync_folder(file.parent_path());
  return stamp_of(file).value_or(Stamp{});
}

}  // namespace kilt::files
