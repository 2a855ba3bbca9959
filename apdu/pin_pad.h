// PINs typed on a reader's own keys (PC/SC part 10, secure PIN entry): the host says how the
// command looks, the reader fills the PIN in, and no program ever sees it.
#pragma once

#include "apdu/card.h"

namespace kilt::apdu {

/// How the reader makes a PIN block of the digits typed.
struct PadFormat {
  bool bcd = false;           ///< two digits per byte, else their ASCII codes
  unsigned min = 4, max = 8;  ///< digits
  unsigned stored = 0;        ///< bytes of the block; 0: as long as the PIN
  Byte fill = 0x00;           ///< fills the block up to `stored`
};

/// PC/SC part 10 has four bits for the block's length.
inline constexpr unsigned kMaxPadBlock = 15;

/// The reader can make such a block; two of them in one command only if their length is fixed.
[[nodiscard]] bool fits_pad(const PadFormat& format, bool two_blocks = false) noexcept;

/// VERIFY: `header` without data. Throws as Card::at_pad, std::length_error for what does not fit.
Response verify_at_pad(Card& card, const Command& header, const PadFormat& format);
/// CHANGE REFERENCE DATA with the old PIN's block and the new one's, typed twice. Throws likewise.
Response modify_at_pad(Card& card, const Command& header, const PadFormat& format);

}  // namespace kilt::apdu
