// Ctrl-C and its kin. The first one sets a flag that is read between calls to the module and
// in prompts, so that the token is logged out and the terminal restored; a second one kills.
#pragma once

#include <array>
#include <csignal>
#include <functional>

namespace kilt::tool {

/// What asks the program to end.
inline constexpr std::array kStopSignals{SIGINT, SIGTERM, SIGHUP};

/// Takes them.
void watch_signals();

/// Throws Failure(kInterrupted) if a signal came.
void stop_if_interrupted();

/// Waits until `fd` can be read, as long as it takes. Throws Failure(kInterrupted) if a signal
/// comes or came: none is missed between reading the flag and the wait. True: the process was
/// stopped meanwhile, and there may still be nothing to read.
bool wait_for_input(int fd);

/// While it lives, a stop (Ctrl-Z) during wait_for_input calls `leave` before and `come_back` after
/// it. At most one lives.
class AtStop {
 public:
  AtStop(std::function<void()> leave, std::function<void()> come_back);
  AtStop(const AtStop&) = delete;
  AtStop& operator=(const AtStop&) = delete;
  ~AtStop();

 private:
  struct sigaction stop_before_ {};
  struct sigaction continue_before_ {};
};

/// While it lives no signal reaches this thread: a write to the token is never torn.
class Uninterrupted {
 public:
  Uninterrupted();
  Uninterrupted(const Uninterrupted&) = delete;
  Uninterrupted& operator=(const Uninterrupted&) = delete;
  ~Uninterrupted();
  /// The mask that it brings back.
  [[nodiscard]] const sigset_t& before() const noexcept { return before_; }

 private:
  sigset_t before_{};
};

}  // namespace kilt::tool
