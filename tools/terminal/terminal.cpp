#include "tools/terminal/terminal.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "tools/terminal/failure.h"
#include "tools/terminal/signals.h"
#include "tools/terminal/text.h"

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
  explicit Silence(int terminal) : terminal_(terminal) { begin(); }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() { end(); }

  void begin() {
    if (tcgetattr(terminal_, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    active_ = tcsetattr(terminal_, TCSAFLUSH, &quiet) == 0;
  }
  void end() {
    if (active_) tcsetattr(terminal_, TCSAFLUSH, &before_);
    active_ = false;
  }

 private:
  int terminal_;
  termios before_{};
  bool active_ = false;
};

struct Line {
  Secret text;
  bool ended = false;  ///< by a line end, not by the end of the file
};

/// Reads to the end of the line, byte by byte so that nothing after it is taken.
Line read_line(int fd) {
  Secret line;
  bool ended = false;
  while (line.size() < kMaxLine) {
    Byte byte = 0;
    if (wait_for_input(fd)) {
      line.wipe();  // what was typed before a stop is not continued
      continue;
    }
    const ssize_t count = read(fd, &byte, 1);
    if (count < 0 && errno == EINTR) {
      stop_if_interrupted();
      continue;
    }
    if (count < 0) throw Failure(Kind::kBadInput, tr("Reading failed: {0}", std::strerror(errno)));
    ended = count == 1 && byte == '\n';
    if (count == 0 || ended) break;
    line.push_back(byte);
  }
  if (line.size() >= kMaxLine) throw Failure(Kind::kBadInput, tr("The line is too long."));
  if (!line.empty() && line.bytes().back() == '\r') line.pop_back();
  return {std::move(line), ended};
}

void say(int terminal, const std::string& text) {
  const std::string shown = printable(text);
  if (write(terminal, shown.data(), shown.size()) < 0) stop_if_interrupted();
}

Descriptor open_terminal() {
  const int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    throw Failure(Kind::kRefused, tr("There is no terminal to ask on."),
                  tr("Give PINs by --pin-source and confirmations by --yes."));
  return Descriptor(fd);
}

}  // namespace

Secret ask_secret(const std::string& question, Empty empty) {
  const Descriptor terminal = open_terminal();
  Silence silence(terminal.get());
  const AtStop at_stop([&] { silence.end(); },
                       [&] {
                         silence.begin();
                         say(terminal.get(), question + ": ");
                       });
  say(terminal.get(), question + ": ");
  try {
    Line answer = read_line(terminal.get());
    say(terminal.get(), "\n");
    if (!answer.ended || (answer.text.empty() && empty == Empty::kCancels))
      throw Failure(Kind::kRefused, tr("Cancelled: nothing was typed."));
    return std::move(answer.text);
  } catch (const Failure& failure) {
    if (failure.kind() != Kind::kRefused) say(terminal.get(), "\n");
    throw;
  }
}

std::string ask_line(const std::string& question) {
  const Descriptor terminal = open_terminal();
  say(terminal.get(), question + ": ");
  const Secret answer = read_line(terminal.get()).text;
  return {answer.bytes().begin(), answer.bytes().end()};
}

namespace {

/// Invisible marks that an editor leaves: sent, they would cost a try.
Secret checked(Secret secret, const std::string& source) {
  const BytesView bytes = secret.bytes();
  const auto starts = [&](std::initializer_list<Byte> mark) {
    return bytes.size() >= mark.size() && std::equal(mark.begin(), mark.end(), bytes.begin());
  };
  if (starts({0xEF, 0xBB, 0xBF}) || starts({0xFF, 0xFE}) || starts({0xFE, 0xFF}) ||
      std::ranges::find(bytes, Byte{0}) != bytes.end())
    throw Failure(Kind::kBadInput,
                  tr("{0} is not plain text: it begins with a byte order mark, or is UTF-16. "
                     "Nothing was sent.",
                     source),
                  tr("Save it as text in UTF-8 without a mark."));
  const auto blank = [](Byte byte) { return byte == ' ' || byte == '\t'; };
  if (!bytes.empty() && (blank(bytes.front()) || blank(bytes.back())))
    throw Failure(Kind::kBadInput,
                  tr("In {0} a blank stands before or behind the PIN. Nothing was sent.", source),
                  tr("Take it away."));
  return secret;
}

/// Takes a source apart. Throws Failure(kUsage).
struct Source {
  std::string kind, rest;
  int fd = -1;
};
Source parse_source(const std::string& source) {
  const auto colon = source.find(':');
  Source parsed{source.substr(0, colon),
                colon == std::string::npos ? "" : source.substr(colon + 1)};
  const std::string& rest = parsed.rest;
  if (!rest.empty() && (parsed.kind == "file" || parsed.kind == "env")) return parsed;
  const auto end = std::from_chars(rest.data(), rest.data() + rest.size(), parsed.fd);
  if (parsed.kind == "fd" && end.ec == std::errc() && end.ptr == rest.data() + rest.size() &&
      parsed.fd >= 0)
    return parsed;
  throw Failure(Kind::kUsage, tr("A PIN comes from file:PATH, env:NAME or fd:NUMBER."));
}

[[noreturn]] void cannot_be_read(const std::string& path) {
  throw Failure(Kind::kBadInput, tr("{0} cannot be read: {1}", path, std::strerror(errno)));
}

const char* value_of(const std::string& variable) {
  const char* value = std::getenv(variable.c_str());
  if (value == nullptr)
    throw Failure(Kind::kBadInput, tr("The environment variable {0} is not set.", variable));
  return value;
}

}  // namespace

Secret secret_from(const std::string& source) {
  const Source parsed = parse_source(source);
  if (parsed.kind == "env") return checked(Secret(view(value_of(parsed.rest))), source);
  if (parsed.kind == "fd") return checked(read_line(parsed.fd).text, source);
  const Descriptor file(open(parsed.rest.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) cannot_be_read(parsed.rest);
  return checked(read_line(file.get()).text, source);
}

void check_secret_source(const std::string& source) {
  const Source parsed = parse_source(source);
  if (parsed.kind == "env") static_cast<void>(value_of(parsed.rest));
  if (parsed.kind == "file" && access(parsed.rest.c_str(), R_OK) != 0) cannot_be_read(parsed.rest);
  if (parsed.kind == "fd" && fcntl(parsed.fd, F_GETFD) < 0) cannot_be_read(source);
}

}  // namespace kilt::tool
