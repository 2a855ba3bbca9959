// kilt renew status: what expires when, what is pending, what comes next.
#include <ctime>

#include "tools/commands/commands.h"
#include "tools/commands/meant_token.h"
#include "tools/commands/renew/renewal.h"
#include "tools/commands/report.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

struct StatusOptions {
  bool login = false, all = false;
};

bool soon(const PurposeState& state) {
  return state.current &&
         stage_of(state.current->certificate->info->days_left(std::time(nullptr))) != Stage::kNone;
}

struct Next {
  const char* name;
  std::string text;
};

Next next_step(const RenewalState& state) {
  if (state.auth.pending != nullptr || state.sign.pending != nullptr)
    return {"import", tr("Next: hand the requests to the CA (`kilt renew request` writes them "
                         "again), then `kilt renew import FILE...`.")};
  if (!state.auth.older.empty() || !state.sign.older.empty())
    return {"retire", tr("Next: `kilt renew retire` deletes the old pairs, if you wish.")};
  if (soon(state.auth) || soon(state.sign))
    return {"request", tr("Next: `kilt renew request` makes new keys and requests.")};
  if (!state.auth.current && !state.sign.current)
    return {"request", tr("There is no pair yet: `kilt renew request --subject ...` makes keys and "
                          "requests.")};
  return {"none", tr("Nothing to do yet.")};
}

/// Fills `document` with what is said of the token.
void show(Context& context, const ChosenToken& token, bool login, Json& document) {
  Session session(context.module(), token.id(), Session::Mode::kRead);
  if (login) context.login(session, token, Role::kUser);
  const Inventory inventory = read_inventory(session);
  // A key file shows its keys to nobody before login, and certificates that were seen once.
  const bool hidden = !login && inventory.keys.empty() && !inventory.certificates.empty();
  const RenewalState state = hidden ? state_by_certificates(inventory, token.token())
                                    : renewal_state(inventory, token.token());
  Output& out = context.out();
  if (hidden) out.note(tr("Keys, and what waits for a certificate, are seen with --login only."));
  Table table({tr("FOR"), tr("STATE"), tr("NAME"), tr("VALID UNTIL")});
  for (const Purpose purpose : kKitPurposes) {
    const PurposeState& one = state.of(purpose);
    Json json;
    if (one.current) {
      const CertificateInfo& info = *one.current->certificate->info;
      table.row({purpose_text(purpose), tr("in use"), info.common_name, expiry_text(info)},
                expiry_colour(info));
      json["current"] = certificate_json(context, token, *one.current->certificate);
    }
    for (const PairView& pair : one.older) {
      table.row({purpose_text(purpose), tr("old"), pair.certificate->info->common_name,
                 expiry_text(*pair.certificate->info)},
                Colour::kDim);
      json["older"].push_back(certificate_json(context, token, *pair.certificate));
    }
    if (one.pending != nullptr) {
      table.row({purpose_text(purpose), tr("waits"), one.pending->label, tr("no certificate yet")},
                Colour::kWarn);
      json["pending"] = key_json(token, *one.pending);
    }
    document[purpose == Purpose::kAuth ? "auth" : "sign"] = json.is_null() ? Json::object() : json;
  }
  document["other_pending"] = Json::array();
  for (const KeyView* key : state.other_pending) {
    table.row({"-", tr("waits"), key->label, tr("no certificate yet")}, Colour::kWarn);
    document["other_pending"].push_back(key_json(token, *key));
  }
  if (!table.empty()) table.print(out);
  const Next next = next_step(state);
  document["next"] = next.name;
  out.line(next.text);
}

void run(Context& context, const StatusOptions& options) {
  Json document = context.document();
  if (!options.all) {
    show(context, context.token(), options.login, document);
  } else {
    document["tokens"] = Json::array();
    const std::vector<ChosenToken> tokens = context.tokens();
    const std::vector<SlotView> slots = slots_of(tokens);
    for (const ChosenToken& token : tokens) {
      mean_token(context.options, token.slot, slots);
      context.out().line(context.out().paint(
          Colour::kBold, fmt::format("{} ({})", token.token().label, token.token().serial)));
      Json one{{"label", token.token().label}, {"serial", token.token().serial}};
      show(context, token, options.login, one);
      document["tokens"].push_back(one);
      context.out().line();
    }
  }
  context.out().document(document);
}

}  // namespace

void add_renew_status(CLI::App& renew, Context& context) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* command =
      renew.add_subcommand("status", tr("What expires when, and what waits for a certificate"));
  command->add_flag("--login", options->login, tr("Log in, to see private objects too"));
  command->add_flag("--all", options->all, tr("Of every connected token"));
  set_action(*command, context, [&context, options] { run(context, *options); });
}

}  // namespace kilt::tool
