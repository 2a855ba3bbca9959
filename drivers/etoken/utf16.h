// UTF-8 and UTF-16, for PINs and names. Never lossy for a PIN: bytes that are no UTF-8 are widened
// one by one, as the open programs for these tokens do.
#pragma once

#include <string>

#include "apdu/bytes.h"

namespace kilt::etoken {

/// UTF-16BE without terminator.
[[nodiscard]] Bytes to_utf16be(BytesView text);
/// UTF-8 of UTF-16LE up to the first zero character; a lone surrogate becomes U+FFFD.
[[nodiscard]] std::string from_utf16le(BytesView text);

}  // namespace kilt::etoken
