// Which PINs the tool does not set, and when it does not try one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/bytes.h"
#include "tools/status.h"

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

/// Throws Failure unless `pin` may become the new PIN: length, factory PINs of any token, trivial
/// ones, the old one again. `allow_weak` lets factory and trivial ones through.
void check_new_pin(const Secret& pin, const Secret* old_pin, unsigned long min_length,
                   unsigned long max_length, const std::vector<FactoryPinValue>& factory_pins,
                   bool allow_weak);

/// Throws Failure(kPinBlocked) if the PIN is blocked, or one try is left and not `last_try`.
void check_tries(const PinState& state, bool last_try);

/// The factory PIN to try: the only one for the role, or the named one. Throws Failure. `known`
/// says whether the module has a status object, by which an unknown count is told from a full one.
const FactoryPinValue& choose_factory_pin(const std::vector<FactoryPinValue>& pins, Role role,
                                          const std::string& name, const PinState& state,
                                          bool known, bool last_try);

}  // namespace kilt::tool
