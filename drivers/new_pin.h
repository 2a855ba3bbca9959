// What a new PIN must be like before any command is sent: one that the token will not take must not
// cost the old one's VERIFY.
#pragma once

#include "drivers/token.h"

namespace kilt {

/// Throws PinLength for a PIN outside the limits of its status.
void check_new_pin(const PinStatus& limits, const SecureBytes& pin);

}  // namespace kilt
