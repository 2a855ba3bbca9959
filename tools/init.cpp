// kilt init: erases a token and gives it a name and PINs.
#include <cstdlib>

#include "tools/commands.h"
#include "tools/profiles.h"
#include "tools/progress.h"
#include "tools/report.h"
#include "tools/terminal.h"
#include "tools/text.h"

namespace kilt::tool {
namespace {

struct InitOptions {
  std::string label, new_source;
  bool allow_weak = false;
  bool without_so_pin = false;
};

constexpr std::size_t kLabelSize = 32;

/// The SO PIN that is in force, or, where the token has none yet, the one to be set.
Secret so_pin(Context& context, const ChosenToken& token, const TokenStatus& status,
              const InitOptions& options) {
  if (options.without_so_pin)
    return context.new_pin(token, tr("New administrator's PIN (SO PIN)"),
                           context.options.so_pin_source, nullptr, options.allow_weak);
  const bool blank = !token.token().has(CKF_TOKEN_INITIALIZED);
  if (!blank || !factory_pins_of(token.token(), status).empty()) {
    Secret pin = context.pin(token, status, Role::kSo);
    // A token without PINs may take what it gets as the new one: a slip must not lock it.
    const bool typed =
        context.options.so_pin_source.empty() && context.options.default_so_pin.empty();
    if (typed && !token.token().has(CKF_USER_PIN_INITIALIZED) &&
        !pin.equals(ask_secret(tr("Once more")).bytes()))
      throw Failure(Kind::kRefused, tr("The two do not agree; nothing was changed."));
    return pin;
  }
  return context.new_pin(token, tr("New administrator's PIN (SO PIN)"),
                         context.options.so_pin_source, nullptr, options.allow_weak);
}

void say_what_is_lost(Context& context, const ChosenToken& token) {
  Output& out = context.out();
  const SlotView::Token& info = token.token();
  if (!info.has(CKF_TOKEN_INITIALIZED)) {
    out.note(tr("The token {0} {1} in {2} will be made ready.", info.model, info.serial,
                token.slot.reader));
    return;
  }
  Session session(context.module(), token.id(), Session::Mode::kRead);
  const Inventory inventory = read_inventory(session);
  out.note(tr(
      "The token \"{0}\" ({1} {2}) will be erased: {3} certificates, {4} keys that are "
      "seen, and all that is not.",
      info.label, info.model, info.serial, inventory.certificates.size(), inventory.keys.size()));
}

void run(Context& context, const InitOptions& options) {
  if (options.label.empty() || options.label.size() > kLabelSize)
    throw Failure(Kind::kUsage, tr("The name must have 1 to 32 bytes."));
  // Kilt's module reads it when it is loaded; others do not know it.
  if (options.without_so_pin) setenv("KILT_ERASE_WITHOUT_SO_PIN", "1", 1);
  const ChosenToken token = context.token_to_init();
  say_what_is_lost(context, token);
  if (options.without_so_pin)
    context.out().warn(
        tr("The SO PIN in force is not asked for; afterwards the vendor's software may no longer "
           "see the token."));
  const std::string expected = token.token().label.empty() ? options.label : token.token().label;
  if (token.token().has(CKF_TOKEN_INITIALIZED))
    context.confirm(tr("Type its name \"{0}\" to erase it", expected), expected);
  TokenStatus status = status_from_flags(token.token());
  if (token.token().has(CKF_TOKEN_INITIALIZED)) {  // else not every module opens a session
    Session session(context.module(), token.id(), Session::Mode::kRead);
    status = read_status(session, token.token());
  }
  const Secret administrator = so_pin(context, token, status, options);
  const Secret user =
      context.new_pin(token, tr("New PIN"), options.new_source, nullptr, options.allow_weak);
  {
    const Progress progress(context.out(), tr("The token is made ready; leave it in its reader"));
    try {
      context.module().init_token(token.id(), administrator, options.label);
    } catch (const Failure& failure) {
      if (failure.kind() != Kind::kWrongPin) throw;
      const SlotView now = context.module().slot(token.id());
      throw now.token ? with_tries(failure, status_from_flags(*now.token).so) : failure;
    }
  }
  // Some modules give the token another slot.
  context.options.token = options.label;
  const ChosenToken made = context.token();
  Session session(context.module(), made.id(), Session::Mode::kWrite);
  session.login(Role::kSo, administrator);
  session.init_pin(user);
  session.logout();
  Output& out = context.out();
  out.line(out.paint(Colour::kGood, tr("The token \"{0}\" is ready.", options.label)));
  const SlotView now = context.module().slot(made.id());
  const TokenStatus after = now.token ? read_status(session, *now.token) : TokenStatus{};
  const bool factory_so = std::ranges::any_of(all_factory_pins(), [&](const auto& pin) {
    return pin.role == Role::kSo && administrator.equals(view(pin.value));
  });
  if (factory_so)
    out.warn(tr("Its SO PIN is the factory's, known to everybody. Change it: kilt pin set-so"));
  Json document = context.document();
  if (now.token) document["token"] = token_json({now}, after);
  out.document(document);
}

}  // namespace

void add_init(CLI::App& app, Context& context) {
  auto options = std::make_shared<InitOptions>();
  CLI::App* command = app.add_subcommand("init", tr("Erase a token, name it and set its PINs"));
  command->add_option("--label", options->label, tr("The token's new name"))->required();
  command->add_option("--new-pin-source", options->new_source,
                      tr("Where the new PIN comes from: file:PATH, env:NAME or fd:NUMBER"));
  command->add_flag("--allow-weak", options->allow_weak,
                    tr("Also set a factory PIN or one that is easily guessed"));
  command->add_flag("--erase-without-so-pin", options->without_so_pin,
                    tr("Also if the SO PIN is lost or blocked; the one given becomes the new one"));
  set_action(*command, context, [&context, options] { run(context, *options); });
}

}  // namespace kilt::tool
