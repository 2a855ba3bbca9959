// What distinguishes a token from others, and its serial number as PKCS#11 has room for it.
#pragma once

#include <algorithm>
#include <string>

#include "drivers/token.h"

namespace kilt {

/// The last 16 characters of the number's hex digits: in a longer number the beginning is what all
/// tokens of a series have in common.
[[nodiscard]] inline std::string serial_number(BytesView number) {
  constexpr std::size_t kRoom = 8;  // bytes
  return to_hex(number.last(std::min(number.size(), kRoom)));
}

/// Token::identity(), empty where the token does not give it: one more fault that costs one thing
/// (design decision 24). Throws what concerns the card as a whole.
[[nodiscard]] inline Bytes identity_if_told(Token& token) {
  try {
    return token.identity();
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    return {};
  }
}

}  // namespace kilt
