#include "pkcs11/log.h"

#include <ctime>
#include <memory>
#include <mutex>

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "apdu/trace.h"

namespace kilt::p11 {
namespace {

/// A file that is only appended to, whole lines at a time, readable by its owner alone. A FIFO or
/// device is not written: it may hold the program up, or belong to it.
class LineFile {
 public:
  explicit LineFile(const std::string& path)
      : fd_(open(path.c_str(),
                 O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
                 0600)) {
    struct stat state {};
    if (fd_ < 0 || (fstat(fd_, &state) == 0 && S_ISREG(state.st_mode))) return;
    ::close(fd_);
    fd_ = -1;
  }
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;
  ~LineFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  void write(const std::string& text) noexcept {
    if (fd_ < 0) return;
    try {
      const std::string line =
          fmt::format("{:%F %T} {} {}\n", fmt::localtime(std::time(nullptr)), getpid(), text);
      // A log that cannot be written must not stop the program it serves.
      if (::write(fd_, line.data(), line.size()) < 0) return;
    } catch (const std::exception&) {
      return;
    }
  }

 private:
  int fd_;
};

struct Log {
  std::mutex mutex;
  Config::LogTarget target = Config::LogTarget::kNone;
  std::shared_ptr<LineFile> file;
};

// Leaked on purpose: nothing of this module happens at exit (design decision 20).
Log& log() {
  static auto* instance = new Log;  // NOLINT(cppcoreguidelines-owning-memory)
  return *instance;
}

}  // namespace

void open_log(const Config& config) {
  {
    const std::lock_guard lock(log().mutex);
    log().target = config.log_target;
    log().file = config.log_target == Config::LogTarget::kFile
                     ? std::make_shared<LineFile>(config.log_file)
                     : nullptr;
  }
  if (!config.trace_file.empty()) {
    auto file = std::make_shared<LineFile>(config.trace_file);
    apdu::set_trace_sink([file](const std::string& line) { file->write(line); });
  }
  for (const std::string& problem : config.problems) log_line("configuration: " + problem);
}

void close_log() noexcept {
  apdu::set_trace_sink({});
  const std::lock_guard lock(log().mutex);
  log().target = Config::LogTarget::kNone;
  log().file.reset();
}

void log_line(const std::string& text) noexcept {
  try {
    apdu::trace_line("log " + text);
    const std::lock_guard lock(log().mutex);
    if (log().target == Config::LogTarget::kSyslog)
      syslog(LOG_USER | LOG_NOTICE, "kilt: %s", text.c_str());
    if (log().file) log().file->write(text);
  } catch (const std::exception&) {
    return;  // as above: the log never fails its caller
  }
}

}  // namespace kilt::p11
