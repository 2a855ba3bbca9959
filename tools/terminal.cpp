#include "tools/terminal.h"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "tools/failure.h"
#include "tools/signals.h"
#include "tools/text.h"

namespace kilt::tool {
namespace {

constexpr std::size_t kMaxLine = 1024;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

/// Echo is off while it lives.
class Silence {
 public:
  explicit Silence(int terminal) : terminal_(terminal) {
    if (tcgetattr(terminal_, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    active_ = tcsetattr(terminal_, TCSAFLUSH, &quiet) == 0;
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() {
    if (active_) tcsetattr(terminal_, TCSAFLUSH, &before_);
  }

 private:
  int terminal_;
  termios before_{};
  bool active_ = false;
};

/// Reads to the end of the line, byte by byte so that nothing after it is taken.
Secret read_line(int fd) {
  Secret line;
  while (line.size() < kMaxLine) {
    Byte byte = 0;
    wait_for_input(fd);
    const ssize_t count = read(fd, &byte, 1);
    if (count < 0 && errno == EINTR) {
      stop_if_interrupted();
      continue;
    }
    if (count < 0) throw Failure(Kind::kBadInput, tr("Reading failed: {0}", std::strerror(errno)));
    if (count == 0 || byte == '\n') break;
    line.push_back(byte);
  }
  if (line.size() >= kMaxLine) throw Failure(Kind::kBadInput, tr("The line is too long."));
  if (!line.empty() && line.bytes().back() == '\r') line.pop_back();
  return line;
}

void say(int terminal, const std::string& text) {
  if (write(terminal, text.data(), text.size()) < 0) stop_if_interrupted();
}

Descriptor open_terminal() {
  const int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    throw Failure(Kind::kRefused, tr("There is no terminal to ask on."),
                  tr("Give PINs by --pin-source and confirmations by --yes."));
  return Descriptor(fd);
}

}  // namespace

bool can_ask() {
  const Descriptor terminal(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  return terminal.get() >= 0;
}

Secret ask_secret(const std::string& question) {
  const Descriptor terminal = open_terminal();
  const Silence silence(terminal.get());
  say(terminal.get(), question + ": ");
  try {
    Secret answer = read_line(terminal.get());
    say(terminal.get(), "\n");
    return answer;
  } catch (const Failure&) {
    say(terminal.get(), "\n");
    throw;
  }
}

std::string ask_line(const std::string& question) {
  const Descriptor terminal = open_terminal();
  say(terminal.get(), question + ": ");
  const Secret answer = read_line(terminal.get());
  return {answer.bytes().begin(), answer.bytes().end()};
}

Secret secret_from(const std::string& source) {
  const auto colon = source.find(':');
  const std::string kind = source.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : source.substr(colon + 1);
  if (kind == "file" && !rest.empty()) {
    const Descriptor file(open(rest.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0)
      throw Failure(Kind::kBadInput, tr("{0} cannot be read: {1}", rest, std::strerror(errno)));
    return read_line(file.get());
  }
  if (kind == "env" && !rest.empty()) {
    const char* value = std::getenv(rest.c_str());
    if (value == nullptr)
      throw Failure(Kind::kBadInput, tr("The environment variable {0} is not set.", rest));
    return Secret(view(value));
  }
  int fd = -1;
  const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), fd);
  if (kind == "fd" && parsed.ec == std::errc() && parsed.ptr == rest.data() + rest.size() &&
      fd >= 0)
    return read_line(fd);
  throw Failure(Kind::kUsage, tr("A PIN comes from file:PATH, env:NAME or fd:NUMBER."));
}

}  // namespace kilt::tool
