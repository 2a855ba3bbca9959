#include "tools/context.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "tools/profiles.h"
#include "tools/terminal.h"
#include "tools/text.h"

namespace kilt::tool {
namespace {

std::filesystem::path own_folder() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

const PinState& state_of(const TokenStatus& status, Role role) {
  return role == Role::kUser ? status.user : status.so;
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
  return KILT_INSTALLED_MODULE;
}

Module& Context::module() {
  if (!module_) {
    set_environment("KILT_SOCKETS", options.sockets);
    set_environment("KILT_CONF", options.conf);
    module_ = std::make_unique<Module>(module_path());
  }
  return *module_;
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
    for (const SlotView& slot : found)
      names += fmt::format("\n  {} ({})", slot.token->label, slot.token->serial);
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

Secret Context::pin(const ChosenToken& token, const TokenStatus& status, Role role) {
  const PinState& state = state_of(status, role);
  const bool user = role == Role::kUser;
  const std::string& standard = user ? options.default_pin : options.default_so_pin;
  if (!standard.empty()) {
    const auto pins = factory_pins_of(token.token(), status);
    const FactoryPinValue& chosen = choose_factory_pin(
        pins, role, standard == "true" ? "" : standard, state, status.known, options.last_try);
    out().note(tr("Using the factory PIN \"{0}\".", chosen.name));
    return Secret(view(chosen.value));
  }
  check_tries(state, options.last_try);
  if (user && !state.initialized)
    throw Failure(Kind::kRefused, tr("The token has no user PIN yet."),
                  tr("`kilt pin unblock` sets it with the administrator's PIN."));
  std::string source = user ? options.pin_source : options.so_pin_source;
  if (source.empty() && user) source = Choice(options.token).pin_source();
  if (!source.empty()) return secret_from(source);
  if (const std::string tries = tries_text(state); state.count_low && !tries.empty())
    out().note(tries);
  return ask_secret(user ? tr("PIN of {0}", token.token().label)
                         : tr("Administrator's PIN (SO PIN) of {0}", token.token().label));
}

Failure with_tries(const Failure& failure, const PinState& state) {
  const std::string tries = tries_text(state);
  return {failure.kind(),
          tries.empty() ? failure.what() : std::string(failure.what()) + ' ' + tries,
          failure.advice()};
}

void Context::login(Session& session, const ChosenToken& token, Role role) {
  const TokenStatus status = read_status(session, token.token());
  const Secret secret = pin(token, status, role);
  try {
    session.login(role, secret);
  } catch (const Failure& failure) {
    if (failure.kind() != Kind::kWrongPin) throw;
    const SlotView now = module().slot(token.id());
    if (!now.token) throw;
    throw with_tries(failure, state_of(read_status(session, *now.token), role));
  }
  session.ask_per_use([this, &session, token] {
    out().note(tr("This key wants the PIN for each use."));
    return pin(token, read_status(session, token.token()), Role::kUser);
  });
  const SlotView now = module().slot(token.id());
  if (now.token && state_of(read_status(session, *now.token), role).factory.value_or(false))
    out().warn(role == Role::kUser
                   ? tr("This PIN is the factory's, known to everybody. Change it: kilt pin change")
                   : tr("This SO PIN is the factory's, known to everybody. Change it: "
                        "kilt pin set-so"));
}

Secret Context::new_pin(const ChosenToken& token, const std::string& question,
                        const std::string& source, const Secret* old_pin, bool allow_weak) {
  Secret pin = source.empty() ? ask_secret(question) : secret_from(source);
  check_new_pin(pin, old_pin, token.token().min_pin, token.token().max_pin, all_factory_pins(),
                allow_weak);
  if (source.empty() && !pin.equals(ask_secret(tr("Once more")).bytes()))
    throw Failure(Kind::kRefused, tr("The two do not agree; nothing was changed."));
  return pin;
}

void Context::confirm(const std::string& question, const std::string& expected) const {
  if (options.yes) return;
  if (ask_line(question) != expected)
    throw Failure(Kind::kRefused, tr("Not confirmed; nothing was changed."));
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
