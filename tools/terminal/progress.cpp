#include "tools/terminal/progress.h"

#include <algorithm>
#include <chrono>
#include <csignal>

#include <unistd.h>

#include "tools/terminal/output.h"
#include "tools/terminal/signals.h"
#include "tools/terminal/text.h"

namespace kilt::tool {

Progress::Progress(const Output& out, std::string what) : what_(std::move(what)) {
  shown_ = !out.json() && isatty(STDERR_FILENO) == 1;
  if (!shown_) out.note(what_ + " …");
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

bool Progress::is_stop_pending() noexcept {
  sigset_t pending;
  sigemptyset(&pending);
  sigpending(&pending);
  return std::ranges::any_of(kStopSignals,
                             [&](int signal) { return sigismember(&pending, signal) == 1; });
}

void Progress::run() {
  using Clock = std::chrono::steady_clock;
  constexpr auto kLook = std::chrono::milliseconds(100);
  const auto start = Clock::now();
  long long last = -1;
  bool answered = false;
  std::unique_lock lock(mutex_);
  while (!done_) {
    if (!answered && is_stop_pending()) {
      answered = true;
      const std::string answer =
          tr("kilt ends after this step: the token is not stopped in the middle of it.");
      std::fputs(((shown_ ? "\r\033[K" : "") + answer + '\n').c_str(), stderr);
      last = -1;
    }
    const long long seconds =
        std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - start).count();
    if (shown_ && seconds != last)
      std::fputs(fmt::format("\r{} … {}", what_, tr("{0} s", seconds)).c_str(), stderr);
    last = seconds;
    std::fflush(stderr);
    wake_.wait_for(lock, kLook, [this] { return done_; });
  }
  if (shown_) std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
}

}  // namespace kilt::tool
