// A PIN that nobody knows.
#pragma once

#include "apdu/bytes.h"
#include "apdu/card.h"

namespace kilt {

/// `size` digits out of the token's random number generator (GET CHALLENGE). Throws CardFault,
/// MalformedAnswer for another number of bytes.
[[nodiscard]] SecureBytes random_pin(apdu::Card& card, std::size_t size);

}  // namespace kilt
