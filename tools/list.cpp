// kilt list: one screen that shows readers, tokens, PINs, keys with their certificates.
#include <ctime>

#include "tools/commands.h"
#include "tools/nca.h"
#include "tools/report.h"
#include "tools/return_value.h"
#include "tools/text.h"

namespace kilt::tool {
namespace {

struct ListOptions {
  bool login = false, uris = false;
};

/// Other modules open no session with a token that is not initialised.
TokenStatus status_of_blank(Context& context, const ChosenToken& token) {
  try {
    Session session(context.module(), token.id(), Session::Mode::kRead);
    return read_status(session, token.token());
  } catch (const Failure&) {
    return status_from_flags(token.token());
  }
}

void show_slot(Context& context, const SlotView& slot, const ListOptions& options, Json& slots) {
  Output& out = context.out();
  Json entry;
  entry["reader"] = slot.reader;
  entry["present"] = slot.present;
  out.line(out.paint(Colour::kBold, slot.reader));
  if (!slot.token) {
    if (slot.present) {
      const Failure failure = failure_of(slot.trouble, "C_GetTokenInfo");
      entry["trouble"] = rv_name(slot.trouble);
      out.line("  " + out.paint(Colour::kWarn, failure.what()), 2);
    } else {
      out.line("  " + tr("(empty)"));
    }
    slots.push_back(entry);
    return;
  }
  const ChosenToken chosen{slot};
  if (!slot.token->has(CKF_TOKEN_INITIALIZED)) {
    const TokenStatus status = status_of_blank(context, chosen);
    entry["token"] = token_json(chosen, status);
    entry["token"]["functions"] = functions_json(status);
    out.line("  " + tr("A token that is not initialised; `kilt init` makes it ready."), 2);
    print_functions(out, status);
    slots.push_back(entry);
    return;
  }
  Session session(context.module(), slot.id, Session::Mode::kRead);
  if (options.login) context.login(session, chosen, Role::kUser);
  const TokenStatus status = read_status(session, *slot.token);
  const Inventory inventory = read_inventory(session);
  entry["token"] = token_json(chosen, status);
  entry["token"]["functions"] = functions_json(status);
  entry["token"]["pairs"] = pairs_json(context, chosen, inventory);
  if (!out.json()) {
    out.line(fmt::format("  {}   {} {}   {}", out.paint(Colour::kBold, slot.token->label),
                         slot.token->manufacturer, slot.token->model, slot.token->serial),
             4);
    out.line("  " + pin_line(out, status.user), 4);
    print_functions(out, status);
    print_pairs(context, chosen, inventory, options.uris);
  }
  slots.push_back(entry);
}

void run(Context& context, const ListOptions& options) {
  Json document = context.document();
  Json& slots = document["slots"] = Json::array();
  const auto views = context.slots();
  for (const SlotView& slot : views) show_slot(context, slot, options, slots);
  if (views.empty())
    context.out().line(tr("The module sees no reader. `kilt doctor` looks for the cause."));
  context.out().document(document);
}

}  // namespace

void add_list(CLI::App& app, Context& context) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* command =
      app.add_subcommand("list", tr("Readers, tokens, keys and certificates on one screen"));
  command->alias("status");
  command->add_flag("--login", options->login, tr("Log in, to see private objects too"));
  command->add_flag("--uris", options->uris, tr("Show pkcs11: URIs"));
  set_action(*command, context, [&context, options] { run(context, *options); });
}

}  // namespace kilt::tool
