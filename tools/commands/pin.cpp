// kilt pin: the state of PINs, and changing them. No path sends a PIN more than once.
#include "tools/commands/commands.h"
#include "tools/commands/meant_token.h"
#include "tools/commands/profiles.h"
#include "tools/commands/report.h"
#include "tools/terminal/terminal.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

struct PinOptions {
  std::string new_source;
  bool allow_weak = false, so = false, all = false;
};

void show_policy(Context& context, const ChosenToken& token, const TokenStatus& status) {
  Output& out = context.out();
  out.line(out.paint(Colour::kBold, token.token().label));
  out.line("  " + pin_line(out, status.user), 4);
  out.line("  " + pin_line(out, status.so, Role::kSo), 4);
  out.line("  " +
           tr("A PIN has {0} to {1} characters.", token.token().min_pin, token.token().max_pin));
}

/// The state after a command, for scripts.
void report(Context& context, const ChosenToken& token, Session& session, const std::string& done) {
  const SlotView now = context.module().slot(token.id());
  Json document = context.document();
  if (now.token) document["token"] = token_json({now}, read_status(session, *now.token));
  context.out().line(context.out().paint(Colour::kGood, done));
  context.out().document(document);
}

Json status_of(Context& context, const ChosenToken& token) {
  Session session(context.module(), token.id(), Session::Mode::kRead);
  const TokenStatus status = read_status(session, token.token());
  show_policy(context, token, status);
  std::string names;
  for (const FactoryPinValue& pin : factory_pins_of(token.token(), status))
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", pin.name,
                         pin.role == Role::kUser ? "user" : "SO");
  if (!names.empty())
    context.out().line("  " + tr("Known factory PINs of this kind of token: {0}", names), 4);
  return token_json(token, status);
}

void show_status(Context& context, const PinOptions& options) {
  Json document = context.document();
  if (!options.all) {
    document["token"] = status_of(context, context.token());
  } else {
    document["tokens"] = Json::array();
    const std::vector<ChosenToken> tokens = context.tokens();
    const std::vector<SlotView> slots = slots_of(tokens);
    for (const ChosenToken& token : tokens) {
      mean_token(context.options, token.slot, slots);
      document["tokens"].push_back(status_of(context, token));
    }
  }
  context.out().document(document);
}

struct OldAndNew {
  Secret old_pin, new_pin;
};

/// What need not be asked is read and checked before anything is asked.
OldAndNew old_and_new(Context& context, const ChosenToken& token, const TokenStatus& status,
                      Role role, const std::string& question, const PinOptions& options) {
  const GlobalOptions& global = context.options;
  const bool asks = role == Role::kUser
                        ? global.pin_source.empty() && global.default_pin.empty()
                        : global.so_pin_source.empty() && global.default_so_pin.empty();
  OldAndNew pins;
  if (!options.new_source.empty()) check_secret_source(options.new_source);
  if (asks && !options.new_source.empty()) {
    check_tries(status, role, global.last_try);
    pins.new_pin =
        context.new_pin(token, question, options.new_source, nullptr, options.allow_weak);
    pins.old_pin = context.pin(token, status, role);
    if (pins.new_pin.equals(pins.old_pin.bytes()))
      throw Failure(Kind::kRefused, tr("The new PIN is the old one."));
    return pins;
  }
  pins.old_pin = context.pin(token, status, role);
  pins.new_pin =
      context.new_pin(token, question, options.new_source, &pins.old_pin, options.allow_weak);
  return pins;
}

void change(Context& context, const PinOptions& options) {
  const ChosenToken token = context.token();
  Session session(context.module(), token.id(), Session::Mode::kWrite);
  const TokenStatus status = read_status(session, token.token());
  require_function(status, "change-user-pin");
  show_policy(context, token, status);
  const OldAndNew pins = old_and_new(context, token, status, Role::kUser, tr("New PIN"), options);
  context.spend_try(session, token, Role::kUser,
                    [&] { session.set_pin(pins.old_pin, pins.new_pin); });
  report(context, token, session, tr("The PIN is changed."));
}

void unblock(Context& context, const PinOptions& options) {
  const ChosenToken token = context.token();
  Session session(context.module(), token.id(), Session::Mode::kWrite);
  const TokenStatus status = read_status(session, token.token());
  require_function(status, "unblock-pin");
  show_policy(context, token, status);
  const Secret new_pin =
      context.new_pin(token, tr("New PIN"), options.new_source, nullptr, options.allow_weak);
  context.login(session, token, Role::kSo);
  session.init_pin(new_pin);
  context.pin_was_set(session, token, Role::kUser);
  session.logout();
  report(context, token, session, tr("The PIN is set, and all its tries are there again."));
}

void set_so(Context& context, const PinOptions& options) {
  const ChosenToken token = context.token();
  Session session(context.module(), token.id(), Session::Mode::kWrite);
  const TokenStatus status = read_status(session, token.token());
  require_function(status, "change-so-pin");
  show_policy(context, token, status);
  const OldAndNew pins = old_and_new(context, token, status, Role::kSo,
                                     tr("New administrator's PIN (SO PIN)"), options);
  context.spend_try(session, token, Role::kSo, [&] { session.login(Role::kSo, pins.old_pin); });
  session.set_pin(pins.old_pin, pins.new_pin);
  session.logout();
  report(context, token, session, tr("The administrator's PIN (SO PIN) is changed."));
}

void verify(Context& context, const PinOptions& options) {
  const ChosenToken token = context.token();
  Session session(context.module(), token.id(), Session::Mode::kWrite);
  if (options.so && !read_status(session, token.token()).so.verifiable)
    throw Failure(Kind::kUnsupported,
                  tr("This token compares its unblocking code only when it unblocks the PIN: it "
                     "cannot be tried before."));
  context.login(session, token, options.so ? Role::kSo : Role::kUser);
  session.logout();
  report(context, token, session, tr("The PIN is right."));
}

void add_new_pin_options(CLI::App& command, PinOptions& options) {
  command.add_option("--new-pin-source", options.new_source,
                     tr("Where the new PIN comes from: file:PATH, env:NAME or fd:NUMBER"));
  command.add_flag("--allow-weak", options.allow_weak,
                   tr("Also set a factory PIN or one that is easily guessed"));
}

}  // namespace

void add_pin(CLI::App& app, Context& context) {
  auto options = std::make_shared<PinOptions>();
  CLI::App* pin = app.add_subcommand("pin", tr("PINs: state, change, unblock"));
  pin->require_subcommand(1);

  CLI::App* status = pin->add_subcommand("status", tr("Tries left, without spending one"));
  status->add_flag("--all", options->all, tr("Of every connected token"));
  set_action(*status, context, [&context, options] { show_status(context, *options); });

  CLI::App* change_command = pin->add_subcommand("change", tr("Change the user's PIN"));
  add_new_pin_options(*change_command, *options);
  set_action(*change_command, context, [&context, options] { change(context, *options); });

  CLI::App* unblock_command = pin->add_subcommand(
      "unblock", tr("Set the user's PIN with the administrator's PIN (SO PIN)"));
  add_new_pin_options(*unblock_command, *options);
  set_action(*unblock_command, context, [&context, options] { unblock(context, *options); });

  CLI::App* so_command =
      pin->add_subcommand("set-so", tr("Change the administrator's PIN (SO PIN)"));
  add_new_pin_options(*so_command, *options);
  set_action(*so_command, context, [&context, options] { set_so(context, *options); });

  CLI::App* verify_command = pin->add_subcommand("verify", tr("Try a PIN, once"));
  verify_command->add_flag("--so", options->so, tr("The administrator's PIN (SO PIN)"));
  set_action(*verify_command, context, [&context, options] { verify(context, *options); });
}

}  // namespace kilt::tool
