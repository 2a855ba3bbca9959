#include "tools/commands/context.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

#include <unistd.h>

#include "tools/client/pin_failures.h"
#include "tools/commands/known_tokens.h"
#include "tools/commands/meant_token.h"
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

void Context::prepare() const {
  if (!options.conf.empty() && access(options.conf.c_str(), R_OK) != 0)
    throw Failure(Kind::kBadInput,
                  tr("{0} cannot be read: {1}", options.conf, std::strerror(errno)));
  set_environment("KILT_SOCKETS", options.sockets);
  set_environment("KILT_CONF", options.conf);
  static_cast<void>(Choice(options.token));
  for (const std::string* source : {&options.pin_source, &options.so_pin_source})
    if (!source->empty()) check_secret_source(*source);
}

Module& Context::module() {
  if (!module_) module_ = std::make_unique<Module>(module_path());
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

std::vector<SlotView> Context::look_at_slots(Look look) {
  const Choice choice(options.token);
  KnownTokens known(module_path());
  std::vector<SlotView> all = module().readers();
  std::vector<SlotView> found;
  const auto take = [&](SlotView& slot) {
    module().look(slot);
    known.note(slot);
    if (choice.fits(slot)) found.push_back(slot);
  };
  const bool every = choice.empty() || look == Look::kEvery;
  const auto is_likely = [&](const SlotView& slot) {
    const auto before = known.in(slot.reader);
    SlotView then = slot;
    then.token = before;
    return every || !slot.present || !before || choice.fits(then);
  };
  const auto named =
      std::ranges::find_if(all, [&](const SlotView& slot) { return choice.names(slot.reader); });
  if (named != all.end() && !every) {
    take(*named);
  } else {
    std::vector<SlotView*> others;
    for (SlotView& slot : all)
      if (is_likely(slot))
        take(slot);
      else
        others.push_back(&slot);
    if (found.empty())
      for (SlotView* slot : others) take(*slot);
  }
  known.keep();
  return found;
}

std::vector<SlotView> Context::slots() { return slots(Look::kLikely); }

std::vector<SlotView> Context::slots(Look look) {
  constexpr auto kPause = std::chrono::milliseconds(300);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.wait);
  bool told = false;
  while (true) {
    std::vector<SlotView> found = look_at_slots(look);
    const bool there =
        std::ranges::any_of(found, [](const SlotView& slot) { return slot.token.has_value(); });
    if (there || std::chrono::steady_clock::now() >= end) return found;
    if (!told)
      out().note(options.token.empty()
                     ? tr("Waiting for a token: put it in.")
                     : tr("Waiting for the token {0}: put it in.", clean(options.token)));
    told = true;
    std::this_thread::sleep_for(kPause);
  }
}

ChosenToken Context::token() {
  std::vector<SlotView> all = slots();
  std::vector<SlotView> found;
  for (SlotView& slot : all)
    if (slot.token && slot.token->has(CKF_TOKEN_INITIALIZED)) found.push_back(slot);
  if (found.size() == 1) mean_token(options, found.front(), found);
  if (found.size() == 1) return {std::move(found.front())};
  if (found.size() > 1) {
    std::string names;
    for (std::size_t i = 0; i < found.size(); ++i)
      names += fmt::format("\n  {}  {} ({})", i + 1, found[i].token->label, found[i].token->serial);
    if (const std::size_t chosen = ask_number(tr("Several tokens fit:{0}", names), found.size());
        chosen != 0) {
      mean_token(options, found[chosen - 1], found);
      return {std::move(found[chosen - 1])};
    }
    throw Failure(Kind::kNotFound, tr("Several tokens fit:{0}", names),
                  tr("Name one with --token LABEL, --token SERIAL or a pkcs11: URI."));
  }
  throw no_token(all);
}

std::vector<ChosenToken> Context::tokens() {
  std::vector<SlotView> all = slots();
  std::vector<ChosenToken> found;
  for (SlotView& slot : all)
    if (slot.token && slot.token->has(CKF_TOKEN_INITIALIZED)) found.push_back({slot});
  if (found.empty()) throw no_token(all);
  return found;
}

Failure Context::no_token(const std::vector<SlotView>& all) const {
  if (std::ranges::any_of(all, [](const SlotView& slot) { return slot.token.has_value(); }))
    return Failure(Kind::kNotFound, tr("The token is not initialised."),
                   tr("`kilt init` makes it ready; that erases it."));
  if (std::ranges::any_of(all, [](const SlotView& slot) { return slot.present; }))
    return Failure(Kind::kNotFound,
                   tr("A card is there, but it is no token that the module knows."),
                   tr("`kilt doctor` says more."));
  return Failure(Kind::kNotFound,
                 options.token.empty() ? tr("No token is connected.")
                                       : tr("No connected token is {0}.", clean(options.token)),
                 tr("`kilt list` shows readers and tokens; `kilt doctor` looks for the cause."));
}

ChosenToken Context::token_to_init() {
  std::vector<SlotView> found;
  // None is erased because another of its name was not looked at.
  for (SlotView& slot : slots(Look::kEvery))
    if (slot.token) found.push_back(std::move(slot));
  // One that is initialised is meant only if it is named or alone.
  if (found.size() > 1 && options.token.empty())
    std::erase_if(found, [](const auto& slot) { return slot.token->has(CKF_TOKEN_INITIALIZED); });
  if (found.size() != 1)
    throw Failure(Kind::kNotFound,
                  found.empty() ? tr("There is no such token.") : tr("Several tokens fit."),
                  tr("`kilt list` shows readers and tokens; name one with --token."));
  mean_token(options, found.front(), found);
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

Failure with_tries(const Failure& failure, const PinState& state, Role role) {
  const std::string tries = tries_text(state);
  const std::string what = role == Role::kUser
                               ? failure.what()
                               : tr("The administrator's PIN (SO PIN) is wrong; one try is spent.");
  return {failure.kind(), tries.empty() ? what : what + ' ' + tries, failure.advice()};
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
    throw with_tries(failure, pin_of(read_status(session, *now.token), role), role);
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
    out().warn(
        role == Role::kUser
            ? tr("This PIN is the factory's, known to everybody. Change it: `kilt pin change`")
            : tr("This SO PIN is the factory's, known to everybody. Change it: "
                 "`kilt pin set-so`"));
}

Secret Context::new_pin(const ChosenToken& token, const std::string& question,
                        const std::string& source, const Secret* old_pin, bool allow_weak) {
  constexpr int kPatience = 5;
  Secret pin;
  bool doubted = false;
  for (int round = 1;; ++round) {
    pin = source.empty() ? ask_secret(question) : secret_from(source);
    const auto doubt = source.empty() && !doubted ? keyboard_doubt(pin) : std::nullopt;
    if (doubt) {
      // Typed a second time it is meant.
      doubted = true;
      out().warn(*doubt);
      continue;
    }
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
