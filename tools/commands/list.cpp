// kilt list: one screen that shows readers, tokens, PINs, keys with their certificates.
#include <cstdlib>
#include <ctime>

#include "pkcs11/kilt.h"
#include "tools/client/reader_users.h"
#include "tools/client/return_value.h"
#include "tools/commands/commands.h"
#include "tools/commands/meant_token.h"
#include "tools/commands/report.h"
#include "tools/terminal/text.h"
#include "tools/x509/nca.h"

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

/// What keeps a token from being shown.
void show_trouble(Output& out, const SlotView& slot, Json& entry) {
  entry["trouble"] = rv_name(slot.trouble);
  out.line("  " + out.paint(Colour::kWarn, failure_of(slot.trouble, "C_GetTokenInfo").what()), 2);
  if (slot.trouble != CKR_KILT_READER_BUSY) return;
  const std::string users = reader_users();
  if (users.empty()) return;
  entry["reader_users"] = users;
  out.line("  " + tr("Programs that use readers now: {0}", users), 2);
}

void show_token(Context& context, const SlotView& slot, const ListOptions& options, Json& entry) {
  Output& out = context.out();
  const ChosenToken chosen{slot};
  if (!slot.token->has(CKF_TOKEN_INITIALIZED)) {
    const TokenStatus status = status_of_blank(context, chosen);
    entry["token"] = token_json(chosen, status);
    entry["token"]["functions"] = functions_json(status);
    out.line("  " + tr("A token that is not initialised; `kilt init` makes it ready."), 2);
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
    out.line(fmt::format("  {}  {}  {}  {}", out.paint(Colour::kBold, slot.token->label),
                         slot.token->model, slot.token->serial, pin_line(out, status.user)),
             4);
    print_pairs(context, chosen, inventory, options.uris);
  }
}

/// What goes wrong with one token is said, and the others are shown. A login that failed is
/// another matter: it was asked for.
void show_slot(Context& context, const SlotView& slot, const ListOptions& options, Json& slots) {
  Output& out = context.out();
  Json entry;
  entry["reader"] = slot.reader;
  entry["present"] = slot.present;
  out.line(out.paint(Colour::kBold, slot.reader));
  if (slot.token) {
    try {
      show_token(context, slot, options, entry);
    } catch (const Failure& failure) {
      if (options.login || (failure.kind() != Kind::kToken && failure.kind() != Kind::kModule))
        throw;
      entry["trouble"] = failure.what();
      out.line("  " + out.paint(Colour::kWarn, failure.what()), 2);
    }
  } else if (slot.present) {
    show_trouble(out, slot, entry);
  } else {
    out.line("  " + tr("(empty)"));
  }
  slots.push_back(entry);
}

/// A list does not wait until another program's key is made.
constexpr const char* kPatience = "2000";  // milliseconds

void run(Context& context, const ListOptions& options) {
  setenv("KILT_PATIENCE", kPatience, 0);
  Json document = context.document();
  Json& slots = document["slots"] = Json::array();
  const auto views = context.slots();
  for (const SlotView& slot : views) {
    mean_token(context.options, slot, views);
    show_slot(context, slot, options, slots);
  }
  if (views.empty() && !context.options.token.empty())
    throw Failure(Kind::kNotFound, tr("No connected token is {0}.", clean(context.options.token)),
                  tr("`kilt list` shows readers and tokens; `kilt doctor` looks for the cause."));
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
