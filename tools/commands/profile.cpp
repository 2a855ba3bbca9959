// kilt profile: checks token profiles.
#include "drivers/profile/parser.h"
#include "tools/commands/commands.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

const char* state_of(const Procedure& procedure) {
  if (procedure.empty()) return "-";
  return procedure.verified ? "verified" : "not verified";
}

void show(Context& context, const Profile& profile, Json& entry) {
  Output& out = context.out();
  out.line(tr("{0}: no mistakes", profile.name));
  entry["name"] = profile.name;
  entry["family"] = profile.family;
  entry["atrs"] = profile.atrs.size();
  if (profile.family != "iso7816") return;
  const CardCommands& commands = profile.commands;
  const std::vector<std::pair<const char*, const Procedure*>> procedures{
      {"verify", commands.user_pin ? &commands.user_pin->verify : nullptr},
      {"status", commands.user_pin ? &commands.user_pin->status : nullptr},
      {"change", commands.user_pin ? &commands.user_pin->change : nullptr},
      {"unblock", commands.user_pin ? &commands.user_pin->unblock : nullptr},
      {"public_key", &commands.public_key.command},
      {"sign", &commands.sign.command},
      {"decipher", &commands.decipher.command},
      {"generate", &commands.generate},
  };
  for (const auto& [name, procedure] : procedures) {
    if (procedure == nullptr || procedure->empty()) continue;
    entry["commands"][name] = procedure->verified;
    out.field(std::string("  ") + name, state_of(*procedure));
  }
  const bool usable = profile.unsupported.empty() && profile.foreign.empty();
  if (!profile.verified && usable && !profile.atrs.empty())
    out.line(tr("What is not verified is used only if profiles.unverified in kilt.toml names {0}.",
                profile.name),
             2);
  if (profile.atrs.empty() && profile.aids.empty())
    out.line(tr("It has neither [[atr]] nor aid: no card will match it."), 2);
}

void check(Context& context, const std::vector<std::string>& files) {
  Json document = context.document();
  Json& profiles = document["profiles"] = Json::array();
  std::string mistakes;
  for (const std::string& file : files) {
    Json entry{{"file", file}};
    try {
      show(context, read_profile(file), entry);
    } catch (const ProfileError& error) {
      entry["mistake"] = error.what();
      mistakes += (mistakes.empty() ? "" : "\n") + std::string(error.what());
    }
    profiles.push_back(std::move(entry));
  }
  context.out().document(document);
  if (!mistakes.empty()) throw Failure(Kind::kBadInput, mistakes);
}

}  // namespace

void add_profile(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("profile", tr("Token profiles"));
  command->require_subcommand(1);
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* checking = command->add_subcommand("check", tr("Find mistakes in token profile files"));
  checking->add_option("file", *files, tr("Profile files"))->required();
  set_action(*checking, context, [&context, files] { check(context, *files); });
}

}  // namespace kilt::tool
