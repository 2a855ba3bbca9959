// Answer to reset (ISO/IEC 7816-3:2006, 8).
#pragma once

#include <optional>

#include "apdu/bytes.h"

namespace kilt::apdu {

/// A decoded ATR; views into the bytes it was made from.
struct Atr {
  /// Historical bytes, as many as T0 announces.
  BytesView historical;
  /// First protocol offered (TD1), 0 if TD1 is absent.
  unsigned protocol = 0;
  /// TCK is there and right, or rightly absent.
  bool checksum_ok = false;

  /// Nothing if the bytes are no ATR (shorter than they say, over 33 bytes, wrong TS).
  static std::optional<Atr> parse(BytesView atr) noexcept;
};

}  // namespace kilt::apdu
