#include "drivers/cache.h"

#include <mutex>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/cache_file.h"
#include "drivers/descriptor.h"

namespace kilt::cache {
namespace {

constexpr std::size_t kMaxFile = 4UL * 1024 * 1024;

/// Leaked on purpose: nothing of this module happens at exit (design decision 20).
struct Settings {
  std::mutex mutex;
  std::filesystem::path folder;
};
Settings& settings() {
  static auto* instance = new Settings;  // NOLINT(cppcoreguidelines-owning-memory)
  return *instance;
}

std::filesystem::path file_of(const CacheKey& key) {
  const std::lock_guard lock(settings().mutex);
  if (settings().folder.empty() || key.mark.empty()) return {};
  return settings().folder / fmt::format("{}-{}.json", key.family, to_hex(key.serial));
}

/// The text of a file that belongs to the user alone.
std::optional<std::string> read_own(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat about {};
  if (file.get() < 0 || fstat(file.get(), &about) != 0) return std::nullopt;
  const bool own = S_ISREG(about.st_mode) && about.st_uid == geteuid() &&
                   (about.st_mode & (S_IRWXG | S_IRWXO)) == 0;
  if (!own || about.st_size < 0 || static_cast<std::size_t>(about.st_size) > kMaxFile)
    return std::nullopt;
  std::string text(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + done, text.size() - done);
    if (got <= 0) return std::nullopt;
    done += static_cast<std::size_t>(got);
  }
  return text;
}

bool write_all(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = ::write(fd, text.data() + done, text.size() - done);
    if (wrote <= 0) return false;
    done += static_cast<std::size_t>(wrote);
  }
  return true;
}

void replace(const std::filesystem::path& path, const std::string& text) {
  std::error_code error;
  const std::filesystem::path folder = path.parent_path();
  if (!std::filesystem::is_directory(folder, error)) {
    std::filesystem::create_directories(folder, error);
    ::chmod(folder.c_str(), S_IRWXU);
  }
  const std::string draft = fmt::format("{}.{}", path.string(), getpid());
  ::unlink(draft.c_str());
  bool written = false;
  {
    const Descriptor file(::open(
        draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (file.get() < 0) return;
    written = write_all(file.get(), text);
  }
  if (!written || ::rename(draft.c_str(), path.c_str()) != 0) ::unlink(draft.c_str());
}

}  // namespace

void set_folder(const std::filesystem::path& folder) {
  const std::lock_guard lock(settings().mutex);
  settings().folder = folder;
}

std::optional<Files> load(const CacheKey& key) {
  const std::filesystem::path path = file_of(key);
  if (path.empty()) return std::nullopt;
  const auto text = read_own(path);
  if (!text) return std::nullopt;
  auto file = parse_cache_file(*text);
  // A file's name proves nothing: it may have been copied from another token's.
  if (!file || file->family != key.family || file->serial != to_hex(key.serial) ||
      file->mark != key.mark)
    return std::nullopt;
  return std::move(file->files);
}

void store(const CacheKey& key, const Files& files) {
  const std::filesystem::path path = file_of(key);
  if (path.empty()) return;
  // The mark is a card's text: what is no UTF-8 would not be found again, and so is not stored.
  const std::string text = cache_file_text(key, files);
  if (text.size() <= kMaxFile) replace(path, text);
}

}  // namespace kilt::cache
