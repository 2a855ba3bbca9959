// kilt: the admin tool for tokens of Kazakhstan's CA, on top of any PKCS#11 module.
#include <algorithm>
#include <iostream>
#include <vector>

#include <sys/prctl.h>
#include <sys/resource.h>

#include "tools/commands/commands.h"
#include "tools/commands/help.h"
#include "tools/commands/usage.h"
#include "tools/terminal/advice.h"
#include "tools/terminal/signals.h"
#include "tools/terminal/text.h"

using namespace kilt::tool;

namespace {

void show(Context& context, const Failure& failure) {
  const std::string message = advised(failure.what());
  const std::string advice = advised(failure.advice());
  if (context.options.json) {
    Json document = context.document();
    document["error"] = {{"kind", kind_name(failure.kind())},
                         {"code", static_cast<int>(failure.kind())},
                         {"message", message},
                         {"advice", advice}};
    context.out().document(document);
    return;
  }
  std::fflush(stdout);
  const std::size_t columns = context.out().columns();
  std::cerr << printable(wrap(fmt::format("kilt: {}", message), columns, 0)) << '\n';
  if (!advice.empty()) std::cerr << printable(wrap(advice, columns, 0)) << '\n';
}

/// PINs pass through this process: no core dump, and no other program of the user may read its
/// memory.
void hide_memory() {
  rlimit none{};
  getrlimit(RLIMIT_CORE, &none);
  none.rlim_cur = 0;
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/// A result that could not be written is no success: a full disk, /dev/full.
int written(int code) {
  std::cout.flush();
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout) return code;
  std::cerr << "kilt: " << tr("The standard output cannot be written.") << '\n';
  return code == 0 || code == static_cast<int>(Kind::kFinding) ? static_cast<int>(Kind::kBadInput)
                                                               : code;
}

int run(CLI::App& app, Context& context, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::Error& error) {
    const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
    // The parser may have stopped before it saw it.
    context.options.json = std::ranges::find(arguments, "--json") != arguments.end();
    show(context, usage_failure(app, error, arguments));
    return static_cast<int>(Kind::kUsage);
  } catch (const Finding& finding) {
    return static_cast<int>(finding.kind());
  } catch (const Failure& failure) {
    show(context, failure);
    return static_cast<int>(failure.kind());
  } catch (const std::exception& error) {
    show(context, Failure(Kind::kInternal, tr("This should not happen: {0}", error.what()),
                          tr("Please report it.")));
    return static_cast<int>(Kind::kInternal);
  }
}

}  // namespace

int main(int argc, char** argv) {
  hide_memory();
  choose_language(locale_folder());
  watch_signals();
  Context context;
  CLI::App app("", "kilt");
  describe(app, context);
  add_commands(app, context);
  return written(run(app, context, argc, argv));
}
