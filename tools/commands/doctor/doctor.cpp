#include "tools/commands/doctor/doctor.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "tools/commands/commands.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

struct DoctorOptions {
  std::string root = "/";
  bool fix = false;
};

const char* health_name(Health health) {
  switch (health) {
    case Health::kGood:
      return "good";
    case Health::kNote:
      return "note";
    case Health::kProblem:
      break;
  }
  return "problem";
}

void print(Context& context, const Check& check) {
  Output& out = context.out();
  const bool good = check.health == Health::kGood;
  const Colour colour = good                            ? Colour::kGood
                        : check.health == Health::kNote ? Colour::kWarn
                                                        : Colour::kBad;
  const char* sign = good ? "✓" : check.health == Health::kNote ? "•" : "✗";
  out.line(out.paint(colour, sign) + ' ' + wrap(check.finding, 76, 2), 2);
  if (!check.repair.empty()) out.line("    → " + wrap(check.repair, 72, 6), 6);
}

void run(Context& context, const DoctorOptions& options) {
  const Surroundings around = Surroundings::here(options.root);
  Checks checks;
  check_pcsc(around, checks);
  check_usb(around, checks);
  check_configuration(around, checks);
  check_module(context, checks);
  check_registrations(around, context.module_path(), checks);
  check_programs(around, context.module_path(), checks);
  check_bridge(around, checks);
  Json document = context.document();
  document["checks"] = Json::array();
  bool problems = false;
  bool no_tokens = false;
  for (const Check& check : checks) {
    print(context, check);
    const bool fixed = options.fix && check.fix && check.health != Health::kGood;
    if (fixed) {
      check.fix();
      context.out().line("    " + context.out().paint(Colour::kGood, tr("done")));
    }
    const bool wrong = check.health == Health::kProblem && !fixed;
    problems = problems || wrong;
    no_tokens = no_tokens || (wrong && check.keeps_tokens_away());
    document["checks"].push_back({{"id", check.id},
                                  {"health", health_name(check.health)},
                                  {"finding", check.finding},
                                  {"repair", check.repair},
                                  {"fixed", fixed},
                                  {"keeps_tokens_away", check.keeps_tokens_away()}});
  }
  context.out().line();
  context.out().line(no_tokens  ? tr("Something keeps tokens from working; see the arrows.")
                     : problems ? tr("Tokens can be used; the arrows say what else to put right.")
                                : tr("Nothing is wrong that can be seen from here."));
  context.out().document(document);
  if (problems) throw Finding();
}

}  // namespace

bool Check::keeps_tokens_away() const {
  constexpr std::array<std::string_view, 12> kWithoutThem{
      "pcscd-installed", "ccid-installed", "pcscd",         "pcscd-access",
      "reader",          "card-mute",      "card-held",     "card-unknown",
      "ccid-id",         "module",         "token-trouble", "configuration"};
  return health == Health::kProblem && std::ranges::find(kWithoutThem, id) != kWithoutThem.end();
}

void add_doctor(CLI::App& app, Context& context) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* command = app.add_subcommand("doctor", tr("Why is the token not seen?"));
  command->add_flag("--fix", options->fix,
                    tr("Repair what is harmless: `kilt unregister` undoes it"));
  command->add_option("--root", options->root, tr("Look at the system below this folder"));
  set_action(*command, context, [&context, options] { run(context, *options); });
}

}  // namespace kilt::tool
