#include "tools/bridge/dialogue.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/terminal/failure.h"
#include "tools/terminal/text.h"

extern char** environ;  // NOLINT: POSIX declares it so

namespace kilt::bridge {
namespace {

using namespace std::chrono;

constexpr std::size_t kMaxLine = std::size_t{64} << 10U;  // of an event
constexpr int kPinFd = 3;
constexpr auto kPinWait = seconds(5);
constexpr auto kEndWait = milliseconds(2000);

/// A file descriptor that closes itself.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }
  void reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read, write;
};
Pipe make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    throw tool::Failure(tool::Kind::kInternal, tool::tr("No pipe can be made."));
  return {Fd(ends[0]), Fd(ends[1])};
}

bool can_read(int fd, milliseconds wait) {
  pollfd look{fd, POLLIN, 0};
  return poll(&look, 1, static_cast<int>(wait.count())) > 0;
}

std::vector<std::string> environment_with(const std::string& language) {
  std::vector<std::string> list;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    if (language.empty() || !std::string_view(*entry).starts_with("LANGUAGE="))
      list.emplace_back(*entry);
  if (!language.empty()) list.push_back("LANGUAGE=" + language);
  return list;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

class DialogueProcess : public Dialogue {
 public:
  DialogueProcess(const std::string& command, const std::string& locale) {
    // A socket, not a pipe: writing to a program that ended is then no SIGPIPE.
    std::array<int, 2> ends{-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
      throw tool::Failure(tool::Kind::kInternal, tool::tr("No pipe can be made."));
    Fd theirs(ends[1]);
    to_ = Fd(ends[0]);
    Pipe events = make_pipe();
    Pipe pins = make_pipe();
    from_ = std::move(events.read);
    pins_ = std::move(pins.read);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    // Copies above first, lest one is overwritten that is still needed.
    Fd event_copy(fcntl(events.write.get(), F_DUPFD_CLOEXEC, 10));
    Fd pin_copy(fcntl(pins.write.get(), F_DUPFD_CLOEXEC, 10));
    Fd input_copy(fcntl(theirs.get(), F_DUPFD_CLOEXEC, 10));
    posix_spawn_file_actions_adddup2(&actions, input_copy.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, event_copy.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pin_copy.get(), kPinFd);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &broken_pipe);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::vector<std::string> arguments{command};
    std::vector<std::string> environment = environment_with(locale);
    const int error = posix_spawnp(&pid_, command.c_str(), &actions, &attributes,
                                   pointers(arguments).data(), pointers(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) {
      pid_ = -1;
      throw tool::Failure(tool::Kind::kModule,
                          tool::tr("The program {0} that asks you for consent cannot be started.",
                                   tool::clean(command)),
                          tool::tr("Install it, or name another in bridge.dialog of kilt.toml."));
    }
  }
  DialogueProcess(const DialogueProcess&) = delete;
  DialogueProcess& operator=(const DialogueProcess&) = delete;

  /// Its input ends: it has two seconds to go.
  ~DialogueProcess() override {
    to_.reset();
    if (pid_ < 0) return;
    const auto end = steady_clock::now() + kEndWait;
    while (waitpid(pid_, nullptr, WNOHANG) == 0) {
      if (steady_clock::now() > end) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        break;
      }
      can_read(from_.get(), milliseconds(10));
      usleep(5000);
    }
  }

  void send(const Json& message) override {
    const std::string line = to_text(message) + '\n';
    std::string_view rest = line;
    while (!rest.empty()) {
      const ssize_t count = ::send(to_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return;  // gone: next() says so
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  std::optional<Json> next(milliseconds wait) override {
    const auto end = steady_clock::now() + wait;
    while (true) {
      if (const auto line_end = pending_.find('\n'); line_end != std::string::npos) {
        Json event =
            Json::parse(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(line_end),
                        nullptr, false);
        pending_.erase(0, line_end + 1);
        const bool good =
            event.is_object() && event.contains("event") && event["event"].is_string();
        return good ? event : ended();
      }
      if (over_ || pending_.size() > kMaxLine) return ended();
      const auto left = duration_cast<milliseconds>(end - steady_clock::now());
      if (!can_read(from_.get(), std::max(left, milliseconds(0)))) return std::nullopt;
      std::array<char, 4096> part{};
      const ssize_t count = read(from_.get(), part.data(), part.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) over_ = true;
      if (count > 0) pending_.append(part.data(), static_cast<std::size_t>(count));
    }
  }

  /// One octet of length, then the PIN.
  tool::Secret pin() override {
    const auto end = steady_clock::now() + kPinWait;
    const std::size_t size = octet(end);
    tool::Secret pin;
    for (std::size_t i = 0; i < size; ++i) pin.push_back(octet(end));
    return pin;
  }

 private:
  static Json ended() { return {{"event", "cancel"}}; }
  tool::Byte octet(steady_clock::time_point end) {
    tool::Byte value = 0;
    const auto left = duration_cast<milliseconds>(end - steady_clock::now());
    if (!can_read(pins_.get(), std::max(left, milliseconds(0))) ||
        read(pins_.get(), &value, 1) != 1)
      throw tool::Failure(tool::Kind::kBadInput, tool::tr("The dialogue did not give the PIN."));
    return value;
  }

  Fd to_, from_, pins_;
  pid_t pid_ = -1;
  std::string pending_;
  bool over_ = false;
};

}  // namespace

std::unique_ptr<Dialogue> start_dialogue(const std::string& command, const std::string& locale) {
  return std::make_unique<DialogueProcess>(command, locale);
}

}  // namespace kilt::bridge
