#include "tools/commands/context.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <unistd.h>

#include "tools/client/pin_failures.h"
#include "tools/commands/profiles.h"
#include "tools/installed.h"
#include "tools/terminal/terminal.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

std::filesystem::path own_folder() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

std::string tries_text(const PinState& state) {
  if (state.locked) return tr("The PIN is blocked now.");
  if (state.tries_left) return trn("{0} try is left.", "{0} tries are left.", *state.tries_left);
  if (state.last_try) return tr("One try is left.");
  return {};
}

void set_environment(const char* name, const std::string& value) {
  if (!value.empty()) setenv(name, value.c_str(), 1);
}

}  // namespace

Output& Context::out() {
  if (!out_) out_.emplace(options.json);
  return *out_;
}

std::string Context::module_path() const {
  if (!options.module.empty()) return options.module;
  if (const char* named = secure_getenv("KILT_MODULE"); named != nullptr && *named != '\0')
    return named;
  // Run from a build tree: its own module.
  const auto built = own_folder().parent_path() / "pkcs11" / "kilt-pkcs11.so";
  std::error_code error;
  if (own_folder().filename() == "tools" && std::filesystem::exists(built, error)) return built;
  return installed::module();
}

Module& Context::module() {
  if (!module_) {
    if (!options.conf.empty() && access(options.conf.c_str(), R_OK) != 0)
      throw Failure(Kind::kBadInput,
                    tr("{0} cannot be read: {1}", options.conf, std::strerror(errno)));
    set_environment("KILT_SOCKETS", options.sockets);
    set_environment("KILT_CONF", options.conf);
    module_ = std::make_unique<Module>(module_path());
  }
  return *module_;
}

std::size_t Context::ask_number(const std::string& list, std::size_t most) {
  if (options.json || options.yes || isatty(STDIN_FILENO) != 1) return 0;
  std::size_t number = 0;
  out().note(list);
  const std::string answer = ask_line(tr("Which? 1 to {0}", most));
  std::from_chars(answer.data(), answer.data() + answer.size(), number);
  return number <= most ? number : 0;
}

std::vector<SlotView> Context::slots() {
  const Choice choice(options.token);
  std::vector<SlotView> found;
  for (SlotView& slot : module().slots())
    if (choice.fits(slot)) found.push_back(std::move(slot));
  return found;
}

ChosenToken Context::token() {
  std::vector<SlotView> all = slots();
  std::vector<SlotView> found;
  for (SlotView& slot : all)
    if (slot.token && slot.token->has(CKF_TOKEN_INITIALIZED)) found.push_back(slot);
  if (found.size() == 1) return {std::move(found.front())};
  if (found.size() > 1) {
    std::string names;
    for (std::size_t i = 0; i < found.size(); ++i)
      names += fmt::format("\n  {}  {} ({})", i + 1, found[i].token->label, found[i].token->serial);
    if (const std::size_t chosen = ask_number(tr("Several tokens fit:{0}", names), found.size());
        chosen != 0)
      return {std::move(found[chosen - 1])};
    throw Failure(Kind::kNotFound, tr("Several tokens fit:{0}", names),
                  tr("Name one with --token LABEL, --token SERIAL or a pkcs11: URI."));
  }
  if (std::ranges::any_of(all, [](const SlotView& slot) { return slot.token.has_value(); }))
    throw Failure(Kind::kNotFound, tr("The token is not initialised."),
                  tr("`kilt init` makes it ready; that erases it."));
  if (std::ranges::any_of(all, [](const SlotView& slot) { return slot.present; }))
    throw Failure(Kind::kNotFound, tr("A card is there, but it is no token that the module knows."),
                  tr("`kilt doctor` says more."));
  throw Failure(Kind::kNotFound,
                options.token.empty() ? tr("No token is connected.")
                                      : tr("No connected token is {0}.", clean(options.token)),
                tr("`kilt list` shows readers and tokens; `kilt doctor` looks for the cause."));
}

ChosenToken Context::token_to_init() {
  std::vector<SlotView> found;
  for (SlotView& slot : slots())
    if (slot.token) found.push_back(std::move(slot));
  // One that is initialised is meant only if it is named or alone.
  if (found.size() > 1 && options.token.empty())
    std::erase_if(found, [](const auto& slot) { return slot.token->has(CKF_TOKEN_INITIALIZED); });
  if (found.size() != 1)
    throw Failure(Kind::kNotFound,
                  found.empty() ? tr("There is no such token.") : tr("Several tokens fit."),
                  tr("`kilt list` shows readers and tokens; name one with --token."));
  return {std::move(found.front())};
}

SlotView Context::same_token(const ChosenToken& token) {
  SlotView now = module().slot(token.id());
  const SlotView::Token& before = token.token();
  if (!now.token || now.token->serial != before.serial || now.token->model != before.model ||
      now.token->manufacturer != before.manufacturer)
    throw Failure(Kind::kRefused,
                  tr("The token {0} is no longer in {1}; nothing was done.", before.serial,
                     token.slot.reader),
                  tr("Put it in again and repeat the command."));
  return now;
}

void Context::ask_consent(const TokenStatus& status, Role role) const {
  const PinState& state = pin_of(status, role);
  if (!state.untold || state.remembered || options.last_try) return;
  try {
    confirm(tr("This card does not tell how many tries are left; {0} wrong PINs in a row block it. "
               "Type \"yes\" to send the PIN",
               state.tries_max.value_or(kUsualTries)),
            "yes");
  } catch (const Failure& failure) {
    throw Failure(failure.kind(),
                  tr("This card does not tell how many tries are left; nothing was sent."),
                  tr("To send the PIN nevertheless, repeat with --yes."));
  }
}

Secret Context::pin(const ChosenToken& token, const TokenStatus& status, Role role) {
  const PinState& state = pin_of(status, role);
  const bool user = role == Role::kUser;
  const std::string& standard = user ? options.default_pin : options.default_so_pin;
  if (!standard.empty()) {
    const auto pins = factory_pins_of(token.token(), status);
    const std::string name = standard == "true" ? "" : standard;
    const FactoryPinValue& chosen = choose_factory_pin(pins, role, name, status, options.last_try);
    out().note(tr("Using the factory PIN \"{0}\".", chosen.name));
    return Secret(view(chosen.value));
  }
  check_tries(status, role, options.last_try);
  if (user && !state.initialized)
    throw Failure(Kind::kRefused, tr("The token has no user PIN yet."),
                  tr("`kilt pin unblock` sets it with the administrator's PIN."));
  ask_consent(status, role);
  std::string source = user ? options.pin_source : options.so_pin_source;
  if (source.empty() && user) source = Choice(options.token).pin_source();
  if (!source.empty()) return secret_from(source);
  if (const std::string tries = tries_text(state); state.count_low && !tries.empty())
    out().note(tries);
  const std::string question = user
                                   ? tr("PIN of {0}", token.token().label)
                                   : tr("Administrator's PIN (SO PIN) of {0}", token.token().label);
  Secret typed = ask_secret(question);
  const auto doubt = keyboard_doubt(typed);
  if (!doubt) return typed;
  // No try is spent on a slip; who means it types it again.
  out().warn(*doubt + ' ' + tr("Nothing was sent yet."));
  return ask_secret(question);
}

Failure with_tries(const Failure& failure, const PinState& state) {
  const std::string tries = tries_text(state);
  return {failure.kind(),
          tries.empty() ? failure.what() : std::string(failure.what()) + ' ' + tries,
          failure.advice()};
}

void Context::spend_try(Session& session, const ChosenToken& token, Role role,
                        const std::function<void()>& call) {
  session.ask_anew();
  const SlotView::Token before = *same_token(token).token;
  const TokenStatus status = read_status(session, before);
  check_tries(status, role, options.last_try);
  const bool untold = pin_of(status, role).untold;
  const PinRecord record = remembered(before.serial, role).value_or(PinRecord{});
  const auto keep = [&](const PinRecord& now) {
    if (untold) remember(before.serial, role, now);
  };
  // Before, not after: a program that is killed meanwhile has spent it all the same.
  keep({record.failures + 1, record.blocked});
  try {
    call();
  } catch (const Failure& failure) {
    if (failure.kind() == Kind::kPinBlocked) {
      keep({record.failures + 1, true});
      throw blocked_pin(status, role);
    }
    if (failure.kind() != Kind::kWrongPin) {
      keep(record);
      throw;
    }
    const SlotView now = module().slot(token.id());
    if (!now.token) throw;
    throw with_tries(failure, pin_of(read_status(session, *now.token), role));
  }
  keep({});
}

void Context::pin_was_set(Session& session, const ChosenToken& token, Role role) {
  const SlotView now = module().slot(token.id());
  if (now.token && pin_of(read_status(session, *now.token), role).untold)
    remember(now.token->serial, role, {});
}

void Context::login(Session& session, const ChosenToken& token, Role role) {
  const Secret secret = pin(token, read_status(session, token.token()), role);
  spend_try(session, token, role, [&] { session.login(role, secret); });
  session.ask_per_use([this, &session, token](const Session::SendPin& send) {
    out().note(tr("This key wants the PIN for each use."));
    TokenStatus status = read_status(session, token.token());
    // A card does not give the tries of a PIN that is verified; the login has given them all back.
    status.user.untold = false;
    const Secret again = pin(token, status, Role::kUser);
    spend_try(session, token, Role::kUser, [&] { send(again); });
  });
  const SlotView now = module().slot(token.id());
  if (now.token && pin_of(read_status(session, *now.token), role).factory.value_or(false))
    out().warn(role == Role::kUser
                   ? tr("This PIN is the factory's, known to everybody. Change it: kilt pin change")
                   : tr("This SO PIN is the factory's, known to everybody. Change it: "
                        "kilt pin set-so"));
}

Secret Context::new_pin(const ChosenToken& token, const std::string& question,
                        const std::string& source, const Secret* old_pin, bool allow_weak) {
  constexpr int kPatience = 5;
  Secret pin;
  for (int round = 1;; ++round) {
    pin = source.empty() ? ask_secret(question) : secret_from(source);
    try {
      check_new_pin(pin, old_pin, token.token().min_pin, token.token().max_pin, all_factory_pins(),
                    allow_weak);
      break;
    } catch (const Failure& failure) {
      if (!source.empty() || round == kPatience) throw;
      out().warn(failure.what());
    }
  }
  if (source.empty() && !pin.equals(ask_secret(tr("Once more")).bytes()))
    throw Failure(Kind::kRefused, tr("The two do not agree; nothing was changed."));
  return pin;
}

bool Context::confirm(const std::string& question, const std::string& expected) const {
  if (options.yes) return false;
  const std::string answer = expected.empty() ? "" : ask_line(question);
  // "yes" and "delete" are words, which may be typed in the user's language; names are not.
  const bool word = expected == N_("yes") || expected == N_("delete");
  if (answer.empty() || (answer != expected && !(word && answer == translated(expected.c_str()))))
    throw Failure(Kind::kRefused, tr("Not confirmed; nothing was changed."));
  return true;
}

std::string Context::personal(const std::string& line) const {
  return options.show_ids ? line : hide_ids(line);
}

Json Context::document() const {
  Json document;
  document["kilt"] = 1;
  document["command"] = command;
  return document;
}

}  // namespace kilt::tool
