#include "tools/commands/help.h"

#include <filesystem>

#include "tools/installed.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

constexpr std::size_t kColumns = 79;
constexpr std::size_t kDescription = 30;  ///< column where descriptions start

/// CLI11's layout, with descriptions wrapped to the terminal's usual 80 columns.
class HelpLayout : public CLI::Formatter {
 public:
  HelpLayout() {
    column_width(kDescription);
    label("Usage", translated("Usage"));
    label("OPTIONS", translated("OPTIONS"));
    label("SUBCOMMAND", translated("COMMAND"));
    label("SUBCOMMANDS", translated("COMMANDS"));
    label("Subcommands", translated("Commands"));
    label("Options", translated("Options"));
    label("Positionals", translated("Arguments"));
    label("REQUIRED", translated("required"));
  }

  std::string make_option(const CLI::Option* option, bool positional) const override {
    return entry(make_option_name(option, positional) + make_option_opts(option),
                 make_option_desc(option));
  }
  std::string make_subcommand(const CLI::App* command) const override {
    return entry(command->get_name(), command->get_description());
  }

 private:
  static std::string entry(const std::string& name, const std::string& description) {
    std::string line = "  " + name;
    if (width(line) + 2 > kDescription)
      line += '\n' + std::string(kDescription, ' ');
    else
      line += std::string(kDescription - width(line), ' ');
    return line + wrap(description, kColumns - kDescription, kDescription) + '\n';
  }
};

}  // namespace

std::string locale_folder() {
  std::error_code error;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const auto built = folder / "locale";
  if (folder.filename() == "tools" && std::filesystem::is_directory(built, error)) return built;
  return installed::locales();
}

void describe(CLI::App& app, Context& context) {
  GlobalOptions& options = context.options;
  app.formatter(std::make_shared<HelpLayout>());
  app.description(
      tr("Looks after tokens of Kazakhstan's certification authority through PKCS#11."));
  app.footer(wrap(tr("`kilt COMMAND --help` says more; `man kilt` explains all. Global options may "
                     "stand anywhere."),
                  kColumns, 0));
  app.set_help_flag("-h,--help", tr("This text"));
  app.set_version_flag("--version", std::string("kilt ") + installed::version(), tr("The version"));
  app.require_subcommand(1);
  app.fallthrough();
  app.option_defaults()->group(translated("Options"));
  app.add_option("--token", options.token,
                 tr("The token: its label, serial number or pkcs11: URI"));
  app.add_option("--wait", options.wait,
                 tr("Wait at most so many seconds for the token to be put in"))
      ->check(CLI::Range(0U, 86400U));
  app.add_flag("--json", options.json, tr("One JSON document instead of text"));
  app.add_flag("--yes", options.yes, tr("Do not ask for confirmation"));
  app.add_flag("--show-ids", options.show_ids, tr("Show personal numbers (IIN, BIN)"));
  app.add_option("--pin-source", options.pin_source,
                 tr("Where the PIN comes from: file:PATH, env:NAME or fd:NUMBER"));
  app.add_flag("--default-pin", options.default_pin,
               tr("Use the factory PIN, once: --default-pin or --default-pin=NAME"));
  app.add_option("--so-pin-source", options.so_pin_source,
                 tr("The same for the administrator's PIN (SO PIN)"));
  app.add_flag("--default-so-pin", options.default_so_pin, tr("Use the factory SO PIN, once"));
  app.add_flag("--last-try", options.last_try, tr("Send the PIN even if this may block the token"));
  app.add_option("--module", options.module,
                 tr("PKCS#11 module to use (default: Kilt's; also KILT_MODULE)"));
  app.add_option("--sockets", options.sockets,
                 tr("Virtual tokens: Unix sockets, separated by colons (as KILT_SOCKETS)"));
  app.add_option("--conf", options.conf, tr("Kilt's configuration file (as KILT_CONF)"));
}

}  // namespace kilt::tool
