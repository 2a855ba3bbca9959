// Wrong PINs remembered, for cards that do not show their counter: the ID card blocks after three,
// and nothing on it says how many are gone. Kept per serial number in $XDG_STATE_HOME/kilt.
#pragma once

#include <optional>
#include <string>

#include "tools/client/session.h"

namespace kilt::tool {

/// What this computer knows of one PIN of one token.
struct PinRecord {
  unsigned failures = 0;  ///< in a row, since a right one
  bool blocked = false;   ///< the card said so
};

/// nullopt: nothing is known, or nothing can be kept (no home folder).
std::optional<PinRecord> remembered(const std::string& serial, Role role);

/// Keeps it. A folder that cannot be written is no error: then nothing is known the next time.
void remember(const std::string& serial, Role role, const PinRecord& record) noexcept;

}  // namespace kilt::tool
