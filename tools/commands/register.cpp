// kilt register, kilt unregister: makes programs find the module, and undoes it.
#include <unistd.h>

#include "tools/commands/commands.h"
#include "tools/commands/register_system.h"
#include "tools/commands/registration.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

struct RegisterOptions {
  std::vector<std::string> targets;
  std::string root = "/";
  bool dry_run = false, system = false;
};

using Step = RegisterStep;

bool wanted(const RegisterOptions& options, const std::string& target) {
  return options.targets.empty() ||
         std::ranges::find(options.targets, target) != options.targets.end();
}

/// A service for web sites is not started unless it is asked for by name.
bool bridge_is_named(const RegisterOptions& options) {
  return std::ranges::find(options.targets, "bridge") != options.targets.end();
}

/// As root p11-kit reads the system's files alone (pkcs11.conf(5), user-config).
bool ignored(const RegisterOptions& options) { return geteuid() == 0 && !options.system; }

/// What is for all users needs their administrator, and is not done for one of them.
void check_options(const RegisterOptions& options) {
  for (const std::string& target : options.targets) {
    const bool own = target == "nss" || target == "bridge";
    if (options.system ? own : target == "firefox")
      throw Failure(Kind::kUsage,
                    own ? tr("{0} is each user's own: without --system.", target)
                        : tr("The policy of Firefox is for all users: with --system."));
  }
  if (options.system && options.root == "/" && !options.dry_run && geteuid() != 0)
    throw Failure(Kind::kRefused, tr("For all users only the administrator (root) can do that."));
}

/// A program that runs with the database learns of the module when it starts again.
std::string restart_hint(const Surroundings& around, const std::filesystem::path& database) {
  const int process = user_of_profile(around, database);
  return process == 0 ? std::string()
                      : ' ' + tr("(close the program that uses it first, process {0})", process);
}

std::vector<Step> steps_to_register(const RegisterOptions& options, const Surroundings& around,
                                    const std::string& module) {
  std::vector<Step> steps;
  const auto p11kit = p11kit_registration(around, module);
  if (wanted(options, "p11-kit") && p11kit.state != Registered::kYes && !ignored(options)) {
    const std::string file = around.config / "pkcs11" / "modules" / "kilt.module";
    steps.push_back(
        {"p11-kit", file, tr("write {0}", file), [=] { register_p11kit(around, module); }});
  }
  if (wanted(options, "nss") && !options.system)
    for (const auto& database : nss_databases(around))
      if (nss_registration(database, module).state != Registered::kYes)
        steps.push_back({"nss", database,
                         tr("add the module to the NSS database {0}", database.string()) +
                             restart_hint(around, database),
                         [=] { register_nss(database, module); }});
  if (options.system && wanted(options, "firefox") && firefox_policy_module(around) != module)
    steps.push_back({"firefox", firefox_policy(around),
                     tr("write {0}", firefox_policy(around).string()),
                     [=] { register_firefox_policy(around, module); }});
  if (wanted(options, "openssl") && openssl_registration(around, module).state != Registered::kYes)
    steps.push_back({"openssl", openssl_file(around),
                     tr("write {0}", openssl_file(around).string()),
                     [=] { register_openssl(around, module); }});
  if (bridge_is_named(options)) add_bridge_steps(around, steps);
  return steps;
}

std::vector<Step> steps_to_unregister(const RegisterOptions& options, const Surroundings& around) {
  std::vector<Step> steps;
  const std::filesystem::path file = around.config / "pkcs11" / "modules" / "kilt.module";
  std::error_code error;
  if (wanted(options, "p11-kit") && std::filesystem::exists(file, error))
    steps.push_back({"p11-kit", file, tr("remove {0}", file.string()),
                     [=] { static_cast<void>(unregister_p11kit(around)); }});
  if (wanted(options, "nss") && !options.system)
    for (const auto& database : nss_databases(around))
      if (!nss_registration(database, "").module.empty())
        steps.push_back({"nss", database,
                         tr("take the module out of the NSS database {0}", database.string()),
                         [=] { unregister_nss(database); }});
  if (options.system && wanted(options, "firefox") && !firefox_policy_module(around).empty())
    steps.push_back({"firefox", firefox_policy(around),
                     tr("take the module out of {0}", firefox_policy(around).string()),
                     [=] { unregister_firefox_policy(around); }});
  if (wanted(options, "openssl") && std::filesystem::exists(openssl_file(around), error))
    steps.push_back({"openssl", openssl_file(around),
                     tr("remove {0}", openssl_file(around).string()),
                     [=] { static_cast<void>(unregister_openssl(around)); }});
  if (wanted(options, "bridge") && !options.system) remove_bridge_steps(around, steps);
  return steps;
}

void carry_out(Context& context, const RegisterOptions& options, const std::vector<Step>& steps) {
  Output& out = context.out();
  Json document = context.document();
  document["module"] = context.module_path();
  document["steps"] = Json::array();
  for (const Step& step : steps) {
    out.line(" - " + step.text, 3);
    document["steps"].push_back({{"target", step.target}, {"where", step.where}});
  }
  document["done"] = !options.dry_run;
  if (steps.empty()) {
    out.line(tr("Nothing to do."));
  } else if (!options.dry_run) {
    context.confirm(tr("Type \"yes\" to do this"), "yes");
    for (const Step& step : steps) step.act();
    out.line(out.paint(Colour::kGood, tr("Done.")));
  }
  out.document(document);
}

/// Says what cannot be registered once and for all, of what was asked for.
void print_lines(Context& context, const RegisterOptions& options, const Surroundings& around) {
  Output& out = context.out();
  const std::string module = context.module_path();
  if (wanted(options, "p11-kit") && ignored(options)) {
    out.line();
    out.line(tr("p11-kit, run by root, reads the system's files only: `kilt register --system`"));
  }
  if (options.system) {
    out.line();
    out.line(
        tr("Chromium reads each user's own database only; each of them runs: `kilt register "
           "nss`"));
  }
  if (wanted(options, "openssl")) {
    out.line();
    out.line(tr("OpenSSL uses it with:"));
    out.line("  export OPENSSL_CONF=" + openssl_file(around).string());
  }
  if (!options.targets.empty()) return;
  out.line(tr("OpenSSH:"));
  out.line("  ssh -I " + module + " HOST");
  out.line("  ssh-add -s " + module);
  out.line(tr("Java, in a file kilt.cfg for -providerArg:"));
  out.line("  name = Kilt");
  out.line("  library = " + module);
}

void add_one(CLI::App& app, Context& context, bool add) {
  auto options = std::make_shared<RegisterOptions>();
  CLI::App* command = app.add_subcommand(
      add ? "register" : "unregister",
      add ? tr("Make programs of this user find the module") : tr("Undo what `kilt register` did"));
  command
      ->add_option("targets", options->targets,
                   add ? tr("p11-kit, nss, openssl (default: these three); bridge: web sites; with "
                            "--system: p11-kit, firefox, openssl")
                       : tr("p11-kit, nss, openssl, bridge, firefox (default: all)"))
      ->check(CLI::IsMember({"p11-kit", "nss", "openssl", "bridge", "firefox"}));
  command->add_flag("--system", options->system,
                    tr("For all users of this computer (as root): p11-kit, the policy of Firefox, "
                       "OpenSSL"));
  command->add_option("--root", options->root, tr("Work on the system below this folder"));
  command->add_flag("--dry-run", options->dry_run, tr("Only say what would be done"));
  set_action(*command, context, [&context, options, add] {
    check_options(*options);
    const Surroundings user = Surroundings::here(options->root);
    const Surroundings around = options->system ? of_system(user) : user;
    carry_out(context, *options,
              add ? steps_to_register(*options, around, context.module_path())
                  : steps_to_unregister(*options, around));
    if (add) print_lines(context, *options, around);
  });
}

}  // namespace

void add_register(CLI::App& app, Context& context) {
  add_one(app, context, true);
  add_one(app, context, false);
}

}  // namespace kilt::tool
