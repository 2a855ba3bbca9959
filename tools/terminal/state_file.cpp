#include "tools/terminal/state_file.h"

#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/terminal/failure.h"
#include "tools/terminal/files.h"
#include "tools/terminal/folders.h"

namespace kilt::tool {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kOwnerOnly = 0700, kOwnerFile = 0600;

/// Empty: there is none.
fs::path folder() {
  const fs::path state = user_folder("XDG_STATE_HOME", ".local/state");
  return state.empty() ? state : state / "kilt";
}

/// Other kilts wait until it is gone.
class Lock {
 public:
  explicit Lock(const fs::path& path)
      : fd_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kOwnerFile)) {
    held_ = fd_ >= 0 && flock(fd_, LOCK_EX) == 0;
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] bool held() const noexcept { return held_; }

 private:
  int fd_;
  bool held_ = false;
};

nlohmann::json read(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return nlohmann::json::object();
  const Bytes text = read_file(path);
  auto document = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  return document.is_object() ? document : nlohmann::json::object();
}

}  // namespace

nlohmann::json read_state(const std::string& name) {
  try {
    const fs::path where = folder();
    if (!where.empty()) return read(where / name);
  } catch (const Failure&) {
    return nlohmann::json::object();  // what cannot be read is not known
  }
  return nlohmann::json::object();
}

bool change_state(const std::string& name,
                  const std::function<void(nlohmann::json&)>& change) noexcept {
  try {
    const fs::path where = folder();
    if (where.empty()) return false;
    std::error_code error;
    fs::create_directories(where.parent_path(), error);
    mkdir(where.c_str(), kOwnerOnly);
    const Lock lock(where / "lock");
    if (!lock.held()) return false;
    nlohmann::json document = read(where / name);
    change(document);
    const std::string text = document.dump(1, ' ', false, nlohmann::json::error_handler_t::replace);
    write_file(where / name, view(text));
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace kilt::tool
