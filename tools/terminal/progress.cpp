#include "tools/terminal/progress.h"

#include <chrono>
#include <csignal>

#include <unistd.h>

#include "tools/terminal/output.h"
#include "tools/terminal/text.h"

namespace kilt::tool {

Progress::Progress(const Output& out, std::string what) : what_(std::move(what)) {
  if (out.json()) return;
  if (isatty(STDERR_FILENO) != 1) {
    out.note(what_ + " …");
    return;
  }
  // Signals belong to the thread that can act on them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Progress::run() {
  const auto start = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!done_) {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start)
            .count();
    std::fputs(fmt::format("\r{} … {}", what_, tr("{0} s", seconds)).c_str(), stderr);
    std::fflush(stderr);
    wake_.wait_for(lock, std::chrono::seconds(1), [this] { return done_; });
  }
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
}

}  // namespace kilt::tool
