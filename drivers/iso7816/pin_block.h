// A PIN as the card wants to get it (ISO/IEC 7816-15, pinType; ISO 9564-1).
#pragma once

#include "apdu/bytes.h"
#include "drivers/profile/commands.h"

namespace kilt::iso7816 {

/// Encodes and pads. Throws PinLength, before anything is sent, if the PIN is shorter or longer
/// than `format` says or has characters that the encoding does not have.
[[nodiscard]] SecureBytes pin_block(const PinFormat& format, const SecureBytes& pin);

}  // namespace kilt::iso7816
