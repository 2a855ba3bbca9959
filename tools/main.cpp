// kilt: the admin tool for tokens of Kazakhstan's CA, on top of any PKCS#11 module.
#include <iostream>

#include "tools/commands.h"
#include "tools/help.h"
#include "tools/signals.h"
#include "tools/text.h"

using namespace kilt::tool;

namespace {

void show(Context& context, const Failure& failure) {
  if (context.options.json) {
    Json document = context.document();
    document["error"] = {{"kind", kind_name(failure.kind())},
                         {"code", static_cast<int>(failure.kind())},
                         {"message", failure.what()},
                         {"advice", failure.advice()}};
    context.out().document(document);
    return;
  }
  std::fflush(stdout);
  const std::size_t columns = context.out().columns();
  std::cerr << wrap(fmt::format("kilt: {}", failure.what()), columns, 0) << '\n';
  if (!failure.advice().empty()) std::cerr << wrap(failure.advice(), columns, 0) << '\n';
}

int run(CLI::App& app, Context& context, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::Error& error) {
    app.exit(error);
    return static_cast<int>(Kind::kUsage);
  } catch (const Finding&) {
    return static_cast<int>(Kind::kFinding);
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
  choose_language(locale_folder());
  watch_signals();
  Context context;
  CLI::App app("", "kilt");
  describe(app, context);
  add_commands(app, context);
  return run(app, context, argc, argv);
}
