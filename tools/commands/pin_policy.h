// Which PINs the tool does not set, and when it does not try one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/client/status.h"
#include "tools/terminal/bytes.h"
#include "tools/terminal/failure.h"

namespace kilt::tool {

/// A PIN known to everybody, by name.
struct FactoryPinValue {
  std::string name;
  Role role = Role::kUser;
  std::string value;
};

/// Why a PIN is too easily guessed: one character repeated, a run like 12345 or 4321, a short piece
/// repeated, a word everybody tries. nullopt: it is not.
std::optional<std::string> trivial_reason(const Secret& pin);

/// What a typed PIN shows of a keyboard that is not as the user thinks: Caps Lock is on, or
/// another layout. nullopt: neither.
std::optional<std::string> keyboard_doubt(const Secret& pin);

/// Throws Failure unless `pin` may become the new PIN: length, factory PINs of any token, trivial
/// ones, the old one again. `allow_weak` lets factory and trivial ones through.
void check_new_pin(const Secret& pin, const Secret* old_pin, unsigned long min_length,
                   unsigned long max_length, const std::vector<FactoryPinValue>& factory_pins,
                   bool allow_weak);

/// The PIN is blocked: what can be done about it, by what this token can.
Failure blocked_pin(const TokenStatus& status, Role role);

/// Throws Failure(kPinBlocked) if the role's PIN is blocked, or one try is left and not `last_try`.
void check_tries(const TokenStatus& status, Role role, bool last_try);

/// The state of the role's PIN.
inline const PinState& pin_of(const TokenStatus& status, Role role) noexcept {
  return role == Role::kUser ? status.user : status.so;
}

/// The factory PIN to try: the only one for the role, or the named one. Throws Failure. A factory
/// PIN is a guess: where the card does not show its tries, it is not made without `last_try`.
const FactoryPinValue& choose_factory_pin(const std::vector<FactoryPinValue>& pins, Role role,
                                          const std::string& name, const TokenStatus& status,
                                          bool last_try);

}  // namespace kilt::tool
