// What is known about a token beyond the standard: Kilt's token status object (pkcs11/kilt.h). With
// another module it is absent, and only the standard's flags speak.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/session.h"

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
};

struct FunctionAnswer {
  std::string state;  ///< native, delegated, unavailable
  std::string reason;
};

struct TokenStatus {
  bool known = false;  ///< the module has the status object
  PinState user, so;
  std::string family, profile, firmware, storage_oid;
  std::optional<unsigned long> memory_total, memory_free;  ///< bytes
  std::map<std::string, FunctionAnswer> functions;
  std::vector<std::string> odd_objects;
};

/// From the flags alone.
TokenStatus status_from_flags(const SlotView::Token& token);

/// From the flags and, where there is one, the status object.
TokenStatus read_status(Session& session, const SlotView::Token& token);

}  // namespace kilt::tool
