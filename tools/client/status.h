// What is known about a token beyond the standard: Kilt's token status object (pkcs11/kilt.h). With
// another module it is absent, and only the standard's flags speak.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/client/session.h"

namespace kilt::tool {

struct PinState {
  bool initialized = true;
  bool locked = false;
  /// Exactly one is left, as far as is known.
  bool last_try = false;
  /// Fewer than at most are left.
  bool count_low = false;
  std::optional<unsigned long> tries_left, tries_max;
  std::optional<bool> factory;
  /// False: the card compares it only when it unblocks; a login with it proves nothing.
  bool verifiable = true;
  /// The card keeps its counter to itself: what is said here of tries is what this computer
  /// remembers (client/pin_failures.h).
  bool untold = false;
  /// Of an untold one: something is remembered.
  bool remembered = false;
};

/// Wrong PINs that block a card which shows neither its counter nor its maximum.
inline constexpr unsigned long kUsualTries = 3;

struct FunctionAnswer {
  std::string state;  ///< native, delegated, unavailable
  std::string reason;
};

struct TokenStatus {
  bool known = false;  ///< the module has the status object
  PinState user, so;
  std::string family, profile, firmware, storage_oid;
  std::optional<unsigned long> memory_total, memory_free;  ///< bytes
  /// The module may set a factory PIN as a new one; nullopt: it does not say.
  std::optional<bool> factory_pins_allowed;
  std::map<std::string, FunctionAnswer> functions;
  std::vector<std::string> odd_objects;
};

/// Before anything is asked for it. Throws Failure(kUnsupported), with the module's reason, if the
/// token cannot do the function, as CKA_KILT_FUNCTIONS names it ("unblock-pin").
void require_function(const TokenStatus& status, const std::string& name);

/// From the flags alone.
TokenStatus status_from_flags(const SlotView::Token& token);

/// From the flags and, where there is one, the status object.
TokenStatus read_status(Session& session, const SlotView::Token& token);

}  // namespace kilt::tool
