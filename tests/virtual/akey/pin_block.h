// How a PIN of digits lies in the card (PKCS#15 v1.1, pinType).
#pragma once

#include <string>

#include "tests/virtual/card.h"

namespace kilt::vtoken::akey {

/// `type`: ascii, bcd, utf8, half-nibble, iso9564; `pad`: a byte in hexadecimal, or none.
Bytes pin_block(const std::string& type, const std::string& pad, const std::string& digits);
/// A block the card takes for a new PIN: its length, 6 digits or more.
bool acceptable(const std::string& type, const std::string& pad, const Bytes& block);

}  // namespace kilt::vtoken::akey
