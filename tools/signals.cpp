#include "tools/signals.h"

#include <array>
#include <cerrno>

#include <poll.h>

#include "tools/failure.h"
#include "tools/text.h"

namespace kilt::tool {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};
volatile std::sig_atomic_t came = 0;

void note(int /*signal*/) { came = 1; }

}  // namespace

void watch_signals() {
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags =
      static_cast<int>(SA_RESETHAND);  // a prompt's wait must end, hence no SA_RESTART
  sigemptyset(&action.sa_mask);
  for (const int signal : kSignals) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
  }
}

void stop_if_interrupted() {
  if (came != 0) throw Failure(Kind::kInterrupted, tr("Interrupted."));
}

void wait_for_input(int fd) {
  const Uninterrupted until_it_waits;
  pollfd wanted{fd, POLLIN, 0};
  do {
    stop_if_interrupted();
  } while (ppoll(&wanted, 1, nullptr, &until_it_waits.before()) < 0 && errno == EINTR);
}

Uninterrupted::Uninterrupted() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kSignals) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, &before_);
}

Uninterrupted::~Uninterrupted() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace kilt::tool
