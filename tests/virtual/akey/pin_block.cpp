#include "tests/virtual/akey/pin_block.h"

#include <algorithm>

#include "tests/virtual/iso7816/tlv.h"

namespace kilt::vtoken::akey {
namespace {

constexpr std::size_t kMin = 6, kMax = 16, kStored = 16, kPackedStored = 8;

std::uint8_t digit(char one) { return static_cast<std::uint8_t>(one - '0'); }

/// Two digits a byte, F after the last of an odd number.
Bytes packed(const std::string& digits) {
  Bytes block;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const std::uint8_t second = i + 1 < digits.size() ? digit(digits[i + 1]) : 0x0F;
    block.push_back(static_cast<std::uint8_t>(digit(digits[i]) << 4 | second));
  }
  return block;
}

bool is_packed(const std::string& type) { return type == "bcd" || type == "iso9564"; }

}  // namespace

Bytes pin_block(const std::string& type, const std::string& pad, const std::string& digits) {
  Bytes block = iso::text(digits);
  if (type == "half-nibble")
    for (std::uint8_t& byte : block) byte |= 0xF0;
  if (type == "bcd") block = packed(digits);
  if (type == "iso9564") {
    block = packed(digits);
    block.insert(block.begin(), static_cast<std::uint8_t>(0x20 | digits.size()));
    block.resize(kPackedStored, 0xFF);
  }
  if (pad != "none") block.resize(is_packed(type) ? kPackedStored : kStored, iso::unhex(pad)[0]);
  return block;
}

bool acceptable(const std::string& type, const std::string& pad, const Bytes& block) {
  const std::size_t stored = is_packed(type) ? kPackedStored : kStored;
  if (pad != "none" && block.size() != stored) return false;
  if (block.empty()) return false;
  if (type == "iso9564") return (block[0] & 0xF0) == 0x20 && (block[0] & 0x0F) >= kMin;
  std::size_t length = block.size();
  if (pad != "none") {
    const std::uint8_t filler = iso::unhex(pad)[0];
    while (length > 0 && block[length - 1] == filler) --length;
  }
  if (type == "bcd") length *= 2;
  return length >= kMin && length <= kMax;
}

}  // namespace kilt::vtoken::akey
