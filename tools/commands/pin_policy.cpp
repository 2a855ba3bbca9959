#include "tools/commands/pin_policy.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "tools/terminal/failure.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

constexpr std::array<std::string_view, 12> kWords{"password", "qwerty",   "qwerty12", "qwertyui",
                                                  "asdfgh",   "asdfghjk", "zxcvbn",   "1q2w3e4r",
                                                  "1qaz2wsx", "admin123", "kaztoken", "parol123"};

char lower(Byte byte) {
  return static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
}

/// Each character is the one before plus `step`; after 9 may come 0, as on a keyboard.
bool is_run(BytesView pin, int step) {
  for (std::size_t i = 1; i < pin.size(); ++i) {
    const int difference = int{pin[i]} - int{pin[i - 1]};
    const bool wraps = (step == 1 && pin[i - 1] == '9' && pin[i] == '0') ||
                       (step == -1 && pin[i - 1] == '0' && pin[i] == '9');
    if (difference != step && !wraps) return false;
  }
  return true;
}

/// The PIN is a piece of at most `longest` characters over and over.
bool is_repetition(BytesView pin, std::size_t longest) {
  for (std::size_t period = 1; period <= std::min(longest, pin.size() / 2); ++period) {
    bool same = true;
    for (std::size_t i = period; i < pin.size(); ++i) same = same && pin[i] == pin[i - period];
    if (same) return true;
  }
  return false;
}

bool is_word(BytesView pin) {
  std::string text;
  for (const Byte byte : pin) text += lower(byte);
  const bool found = std::ranges::find(kWords, text) != kWords.end();
  std::ranges::fill(text, '\0');
  return found;
}

/// Characters of UTF-8; bytes of what is none.
std::size_t characters(BytesView text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](Byte byte) { return (byte & 0xC0U) != 0x80; }));
}

}  // namespace

std::optional<std::string> trivial_reason(const Secret& secret) {
  const BytesView pin = secret.bytes();
  if (pin.size() < 2) return tr("it is one character");
  if (is_repetition(pin, 1)) return tr("it is one character repeated");
  if (is_run(pin, 1) || is_run(pin, -1)) return tr("its characters follow each other");
  if (is_repetition(pin, 3)) return tr("it repeats a short piece");
  if (is_word(pin)) return tr("everybody tries this word first");
  return std::nullopt;
}

std::optional<std::string> keyboard_doubt(const Secret& pin) {
  bool upper = false;
  bool lower_case = false;
  bool cyrillic = false;
  for (const Byte byte : pin.bytes()) {
    upper = upper || (byte >= 'A' && byte <= 'Z');
    lower_case = lower_case || (byte >= 'a' && byte <= 'z');
    // The first bytes of U+0400 to U+04FF in UTF-8.
    cyrillic = cyrillic || (byte >= 0xD0 && byte <= 0xD3);
  }
  if (cyrillic) return tr("It has Cyrillic letters: is that the keyboard's right layout?");
  if (upper && !lower_case) return tr("All its letters are capitals: is Caps Lock on?");
  return std::nullopt;
}

void check_new_pin(const Secret& pin, const Secret* old_pin, unsigned long min_length,
                   unsigned long max_length, const std::vector<FactoryPinValue>& factory_pins,
                   bool allow_weak) {
  if (pin.empty()) throw Failure(Kind::kBadInput, tr("An empty PIN cannot be set."));
  if (max_length != 0 && pin.size() > max_length && characters(pin.bytes()) <= max_length)
    throw Failure(Kind::kBadInput,
                  tr("The new PIN is too long: the token takes {0} Latin letters and digits, and "
                     "other letters count twice.",
                     max_length));
  if (characters(pin.bytes()) < min_length || (max_length != 0 && pin.size() > max_length))
    throw Failure(Kind::kBadInput,
                  tr("The new PIN must have {0} to {1} characters.", min_length, max_length));
  if (old_pin != nullptr && pin.equals(old_pin->bytes()))
    throw Failure(Kind::kRefused, tr("The new PIN is the old one."));
  if (allow_weak) return;
  const std::string advice = tr("Choose another; --allow-weak sets it nevertheless.");
  for (const FactoryPinValue& factory : factory_pins)
    if (pin.equals(view(factory.value)))
      throw Failure(Kind::kRefused, tr("The new PIN is a factory PIN, known to everybody."),
                    advice);
  if (const auto reason = trivial_reason(pin))
    throw Failure(Kind::kRefused, tr("The new PIN is easily guessed: {0}.", *reason), advice);
}

Failure blocked_pin(const TokenStatus& status, Role role) {
  const auto can = [&](const char* function) {
    const auto found = status.functions.find(function);
    return found == status.functions.end() || found->second.state != "unavailable";
  };
  if (role == Role::kSo)
    return {Kind::kPinBlocked, tr("The administrator's PIN (SO PIN) is blocked; no try is left."),
            can("init-token")
                ? tr("`kilt init --erase-without-so-pin` makes the token new; all that "
                     "is on it is lost.")
                : ""};
  if (can("unblock-pin"))
    return {Kind::kPinBlocked, tr("The PIN is blocked; no try is left."),
            tr("`kilt pin unblock` sets a new one; it needs the administrator's PIN (SO PIN).")};
  return {Kind::kPinBlocked, tr("The PIN is blocked; no try is left."),
          tr("Kilt cannot unblock this kind of token; ask who issued it.")};
}

void check_tries(const TokenStatus& status, Role role, bool last_try) {
  const PinState& state = pin_of(status, role);
  if (state.locked) throw blocked_pin(status, role);
  if (state.last_try && !last_try)
    throw Failure(Kind::kPinBlocked,
                  tr("Only one try is left; a wrong PIN would block the token. Nothing was sent."),
                  tr("If you are sure of the PIN, repeat with --last-try."));
}

const FactoryPinValue& choose_factory_pin(const std::vector<FactoryPinValue>& pins, Role role,
                                          const std::string& name, const TokenStatus& status,
                                          bool last_try) {
  const FactoryPinValue* chosen = nullptr;
  std::string names;
  std::size_t count = 0;
  for (const FactoryPinValue& pin : pins) {
    if (pin.role != role) continue;
    ++count;
    names += (names.empty() ? "" : ", ") + pin.name;
    if (name.empty() || pin.name == name) chosen = &pin;
  }
  if (count == 0)
    throw Failure(Kind::kUnsupported, tr("No factory PIN of this token is known."),
                  tr("Type the PIN instead."));
  if (name.empty() && count > 1)
    throw Failure(Kind::kUsage, tr("This kind of token has several factory PINs: {0}.", names),
                  tr("Name one: --default-pin=NAME. Each is one try."));
  if (chosen == nullptr)
    throw Failure(Kind::kUsage,
                  tr("There is no factory PIN named {0}; known are: {1}.", clean(name), names));
  check_tries(status, role, last_try);
  if (pin_of(status, role).untold && !last_try)
    throw Failure(Kind::kPinBlocked,
                  tr("The token does not say how many tries are left, so no factory PIN is tried."),
                  tr("If you want it tried, repeat with --last-try."));
  return *chosen;
}

}  // namespace kilt::tool
