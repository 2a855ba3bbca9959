// kilt init: erases a token and gives it a name and PINs.
#include <cstdlib>
#include <set>

#include "tools/commands/commands.h"
#include "tools/commands/known_tokens.h"
#include "tools/commands/profiles.h"
#include "tools/commands/report.h"
#include "tools/terminal/progress.h"
#include "tools/terminal/terminal.h"
#include "tools/terminal/text.h"

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

/// Not every module opens a session with a token that is not initialised.
TokenStatus status_of(Context& context, const ChosenToken& token) {
  try {
    Session session(context.module(), token.id(), Session::Mode::kRead);
    return read_status(session, token.token());
  } catch (const Failure&) {
    return status_from_flags(token.token());
  }
}

/// What the module would refuse after the erasure is refused before it.
void check_settable(const Secret& user, const ChosenToken& token, const TokenStatus& status) {
  if (status.factory_pins_allowed.value_or(true)) return;
  for (const FactoryPinValue& pin : factory_pins_of(token.token(), status))
    if (pin.role == Role::kUser && user.equals(view(pin.value)))
      throw Failure(Kind::kRefused, tr("The module sets no factory PIN; nothing was erased."),
                    tr("Choose another, or set pin.allow_default = true in kilt.toml."));
}

using Serials = std::set<std::string>;
Serials serials(Context& context) {
  Serials found;
  for (const SlotView& slot : context.module().slots())
    if (slot.token) found.insert(slot.token->serial);
  return found;
}

/// Erases the token that was chosen, shown and confirmed, and no other.
void erase(Context& context, const ChosenToken& token, const Secret& administrator,
           const std::string& label) {
  const Progress progress(context.out(), tr("The token is made ready; leave it in its reader"));
  const SlotView now = context.same_token(token);
  const bool was_blank = !token.token().has(CKF_TOKEN_INITIALIZED);
  if (was_blank && now.token->has(CKF_TOKEN_INITIALIZED))
    throw Failure(Kind::kRefused, tr("The token was initialised meanwhile; nothing was erased."));
  try {
    context.module().init_token(token.id(), administrator, label);
  } catch (const Failure& failure) {
    if (failure.kind() == Kind::kPinBlocked)
      throw blocked_pin(status_from_flags(*now.token), Role::kSo);
    if (failure.kind() != Kind::kWrongPin) throw;
    const SlotView after = context.module().slot(token.id());
    throw after.token ? with_tries(failure, status_from_flags(*after.token).so, Role::kSo)
                      : failure;
  }
}

/// The token again: by slot and serial number. One that was blank may have got its number just now,
/// and another slot (SoftHSM); then it is the one whose number was not there before.
ChosenToken find_made(Context& context, const ChosenToken& token, const Serials& before,
                      const std::string& label) {
  const std::string& serial = token.token().serial;
  SlotView same = context.module().slot(token.id());
  const auto initialized = [](const SlotView& slot) {
    return slot.token && slot.token->has(CKF_TOKEN_INITIALIZED);
  };
  if (initialized(same) && same.token->serial == serial) return {std::move(same)};
  std::vector<SlotView> found;
  for (SlotView& slot : context.module().slots())
    if (initialized(slot) && !before.contains(slot.token->serial) && slot.token->label == label)
      found.push_back(std::move(slot));
  if (token.token().has(CKF_TOKEN_INITIALIZED) || found.size() != 1)
    throw Failure(Kind::kToken,
                  tr("The token was made new, but is not found again; it has no user PIN yet."),
                  tr("Put it in again, then: `kilt pin unblock`"));
  return {std::move(found.front())};
}

void run(Context& context, const InitOptions& options) {
  if (options.label.empty() || options.label.size() > kLabelSize)
    throw Failure(Kind::kUsage, tr("The name must have 1 to 32 Latin or 16 Cyrillic letters."));
  if (!options.new_source.empty()) check_secret_source(options.new_source);
  // Kilt's module reads it when it is loaded; others do not know it.
  if (options.without_so_pin) setenv("KILT_ERASE_WITHOUT_SO_PIN", "1", 1);
  const ChosenToken token = context.token_to_init();
  const TokenStatus status = status_of(context, token);
  require_function(status, "init-token");
  say_what_is_lost(context, token);
  if (options.without_so_pin)
    context.out().warn(
        tr("The SO PIN in force is not asked for; afterwards the vendor's software may no longer "
           "see the token."));
  const std::string expected = token.token().label.empty() ? options.label : token.token().label;
  if (token.token().has(CKF_TOKEN_INITIALIZED))
    context.confirm(tr("Type its name \"{0}\" to erase it", expected), expected);
  const Secret administrator = so_pin(context, token, status, options);
  const Secret user =
      context.new_pin(token, tr("New PIN"), options.new_source, nullptr, options.allow_weak);
  check_settable(user, token, status);
  const Serials before = serials(context);
  erase(context, token, administrator, options.label);
  const ChosenToken made = find_made(context, token, before, options.label);
  Session session(context.module(), made.id(), Session::Mode::kWrite);
  session.login(Role::kSo, administrator);
  session.init_pin(user);
  for (const Role role : {Role::kUser, Role::kSo}) context.pin_was_set(session, made, role);
  session.logout();
  Output& out = context.out();
  out.line(out.paint(Colour::kGood, tr("The token \"{0}\" is ready.", options.label)));
  const SlotView now = context.module().slot(made.id());
  KnownTokens known(context.module_path());
  known.note(now);
  known.keep();
  const TokenStatus after = now.token ? read_status(session, *now.token) : TokenStatus{};
  const bool factory_so = std::ranges::any_of(all_factory_pins(), [&](const auto& pin) {
    return pin.role == Role::kSo && administrator.equals(view(pin.value));
  });
  if (factory_so)
    out.warn(tr("Its SO PIN is the factory's, known to everybody. Change it: `kilt pin set-so`"));
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
