// The token's random number generator, by GET CHALLENGE.
#pragma once

#include "apdu/bytes.h"
#include "apdu/card.h"

namespace kilt {

/// `size` bytes, asked for in pieces of at most `block`. Throws InvalidData for more than 64 KiB,
/// MalformedAnswer, CardFault.
[[nodiscard]] Bytes random_bytes(apdu::Card& card, std::size_t size, std::size_t block = 256);

/// A PIN that is kept nowhere: `size` digits. Throws CardFault, MalformedAnswer for another number
/// of bytes.
[[nodiscard]] SecureBytes random_pin(apdu::Card& card, std::size_t size);

}  // namespace kilt
