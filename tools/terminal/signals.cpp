#include "tools/terminal/signals.h"

#include <cerrno>

#include <poll.h>
#include <unistd.h>

#include "tools/terminal/failure.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

volatile std::sig_atomic_t came = 0;

void note(int /*signal*/) { came = 1; }

volatile std::sig_atomic_t stop_came = 0, continued = 0;
void note_stop(int /*signal*/) { stop_came = 1; }
void note_continue(int /*signal*/) { continued = 1; }

struct {
  std::function<void()> leave, come_back;
} at_stop;

void take(int signal, void (*handler)(int), struct sigaction* before) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, before);
}

/// Stops as the signal asked, the terminal being as it was before. True: it was stopped.
bool stop_now() {
  const bool was_stopped = stop_came != 0 || continued != 0;
  if (stop_came != 0) {
    at_stop.leave();
    struct sigaction ours {};
    take(SIGTSTP, SIG_DFL, &ours);
    kill(getpid(), SIGTSTP);
    sigset_t stop;
    sigset_t before;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    // What wakes it is heard here as well: later it would count as another stop.
    sigaddset(&stop, SIGCONT);
    pthread_sigmask(SIG_UNBLOCK, &stop, &before);  // here it stops
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    sigaction(SIGTSTP, &ours, nullptr);
  }
  stop_came = 0;
  continued = 0;
  if (was_stopped && at_stop.come_back) at_stop.come_back();
  return was_stopped;
}

}  // namespace

void watch_signals() {
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags =
      static_cast<int>(SA_RESETHAND);  // a prompt's wait must end, hence no SA_RESTART
  sigemptyset(&action.sa_mask);
  for (const int signal : kStopSignals) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
  }
}

void stop_if_interrupted() {
  if (came != 0) throw Failure(Kind::kInterrupted, tr("Interrupted."));
}

bool wait_for_input(int fd) {
  const Uninterrupted until_it_waits;
  sigset_t stops;
  sigset_t before;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTSTP);
  sigaddset(&stops, SIGCONT);
  pthread_sigmask(SIG_BLOCK, &stops, &before);
  pollfd wanted{fd, POLLIN, 0};
  bool was_stopped = false;
  int count = -1;
  do {
    stop_if_interrupted();
    was_stopped = stop_now() || was_stopped;
    count = ppoll(&wanted, 1, nullptr, &until_it_waits.before());
  } while (count < 0 && errno == EINTR);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return was_stopped;
}

AtStop::AtStop(std::function<void()> leave, std::function<void()> come_back) {
  at_stop = {std::move(leave), std::move(come_back)};
  stop_came = 0;
  continued = 0;
  take(SIGTSTP, note_stop, &stop_before_);
  if (stop_before_.sa_handler == SIG_IGN) sigaction(SIGTSTP, &stop_before_, nullptr);
  take(SIGCONT, note_continue, &continue_before_);
}

AtStop::~AtStop() {
  sigaction(SIGTSTP, &stop_before_, nullptr);
  sigaction(SIGCONT, &continue_before_, nullptr);
  at_stop = {};
}

Uninterrupted::Uninterrupted() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kStopSignals) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, &before_);
}

Uninterrupted::~Uninterrupted() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace kilt::tool
