// SIM cards, which keep rules for the phone in PKCS#15's form, and nobody's keys.
#pragma once

#include "drivers/objects.h"

namespace kilt::iso7816 {

/// True if all that the card's directories name is which programs may talk to it: GlobalPlatform's
/// Secure Element Access Control (its section 7.1) and the older JSR 177, told by the OBJECT
/// IDENTIFIER of a data object.
[[nodiscard]] bool is_sim_card(const ObjectList& list);

}  // namespace kilt::iso7816
