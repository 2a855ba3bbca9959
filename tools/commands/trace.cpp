// kilt trace: runs a command with Kilt's trace on, and puts what a bug report needs into one file.
#include <array>
#include <ctime>
#include <filesystem>

#include <sys/utsname.h>
#include <unistd.h>

#include "tools/commands/commands.h"
#include "tools/installed.h"
#include "tools/terminal/process.h"
#include "tools/terminal/text.h"
#include "tools/x509/certificate.h"

namespace kilt::tool {
namespace {

struct TraceOptions {
  std::vector<std::string> command;
  std::string out;
};

constexpr std::size_t kMaxTrace = std::size_t{16} << 20U;

/// The trace's file while the command runs; removed whatever happens.
class TraceFile {
 public:
  TraceFile() {
    std::string name = (std::filesystem::temp_directory_path() / "kilt-trace.XXXXXX").string();
    const int fd = mkstemp(name.data());
    if (fd < 0) throw Failure(Kind::kBadInput, tr("No temporary file can be made."));
    close(fd);
    path_ = name;
  }
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;
  ~TraceFile() {
    std::error_code error;
    std::filesystem::remove(path_, error);
  }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  if (what.empty()) return;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
}

/// The module cuts PINs and keys out of its trace; here the person goes: folders with the user's
/// name, IIN and BIN, in plain and as the hexadecimal of a certificate's bytes.
std::string redact(std::string text) {
  const char* home = std::getenv("HOME");
  if (home != nullptr && std::string(home).size() > 1) replace_all(text, home, "~");
  const char* user = std::getenv("USER");
  if (user != nullptr && std::string(user) != "root") replace_all(text, user, "USER");
  text = hide_ids(std::move(text));
  for (const char* prefix : {"49494e", "42494e", "49494E", "42494E"})  // IIN, BIN
    for (std::size_t at = 0; (at = text.find(prefix, at)) != std::string::npos; at += 6) {
      const std::size_t digits = at + 6;
      bool number = digits + 24 <= text.size();
      for (std::size_t i = 0; number && i < 24; i += 2)
        number =
            text[digits + i] == '3' && text[digits + i + 1] >= '0' && text[digits + i + 1] <= '9';
      if (number) text.replace(digits, 24, std::string(24, '*'));
    }
  return text;
}

std::string head(Context& context, const TraceOptions& options, int code) {
  utsname system{};
  uname(&system);
  std::string text = fmt::format("kilt {}\n", installed::version());
  text += fmt::format("system: {} {} {}\n", system.sysname, system.release, system.machine);
  text += "module: " + context.module_path() + '\n';
  // The arguments may be PINs, in as many spellings as there are programs: none is shown.
  const std::string command = std::filesystem::path(options.command.front()).filename();
  text += fmt::format("command: {} and {} arguments\nexit code: {}\n", clean(command),
                      options.command.size() - 1, code);
  for (const auto& program : {std::array<std::string, 2>{"pcscd", "--version"},
                              std::array<std::string, 2>{"openssl", "version"}}) {
    const auto result = run_program({program[0], program[1]}, true);
    if (result.code == 0) text += result.output.substr(0, result.output.find('\n')) + '\n';
  }
  return text;
}

void run(Context& context, const TraceOptions& options) {
  const TraceFile trace;
  setenv("KILT_TRACE", trace.path().c_str(), 1);
  if (!context.options.sockets.empty()) setenv("KILT_SOCKETS", context.options.sockets.c_str(), 1);
  if (!context.options.conf.empty()) setenv("KILT_CONF", context.options.conf.c_str(), 1);
  const ProcessResult result = run_program(options.command, context.options.json);
  unsetenv("KILT_TRACE");
  if (result.code == 127)
    throw Failure(Kind::kUsage, tr("There is no program {0}.", clean(options.command.front())));
  const Bytes contents = read_file(trace.path());
  const std::string lines(contents.begin(), contents.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                   contents.size(), kMaxTrace)));
  std::string out = options.out;
  if (out.empty()) {
    std::array<char, 32> now{};
    const std::time_t time = std::time(nullptr);
    std::tm parts{};
    localtime_r(&time, &parts);
    std::strftime(now.data(), now.size(), "%Y%m%d-%H%M%S", &parts);
    out = fmt::format("kilt-trace-{}.txt", now.data());
  }
  const std::string report = redact(head(context, options, result.code) + '\n' + lines);
  write_file(out, view(report));
  if (lines.empty())
    context.out().warn(tr("The command did not use Kilt's module: the trace is empty."));
  context.out().note(
      tr("The report is in {0}. PINs, keys and personal numbers are cut out; look at "
         "it before you send it.",
         out));
  Json document = context.document();
  document["file"] = out;
  document["exit_code"] = result.code;
  document["lines"] = std::ranges::count(lines, '\n');
  context.out().document(document);
  if (result.code != 0) throw Finding();
}

}  // namespace

void add_trace(CLI::App& app, Context& context) {
  auto options = std::make_shared<TraceOptions>();
  CLI::App* command =
      app.add_subcommand("trace", tr("Run a command with tracing on, for a bug report"));
  command->add_option("command", options->command, tr("After --: the command and its arguments"))
      ->required();
  command->add_option("--out", options->out, tr("File to write (default: kilt-trace-TIME.txt)"));
  set_action(*command, context, [&context, options] { run(context, *options); });
}

}  // namespace kilt::tool
