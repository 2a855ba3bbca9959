#include "drivers/iso7816/pin_block.h"

#include <algorithm>

#include "drivers/errors.h"

namespace kilt::iso7816 {
namespace {

constexpr std::size_t kMaxBlock = 255;
constexpr std::size_t kIso9564Block = 8;
constexpr Byte kFiller = 0x0F;

bool digits_only(BytesView pin) {
  return std::ranges::all_of(pin, [](Byte c) { return c >= '0' && c <= '9'; });
}

Bytes packed_digits(BytesView pin) {
  Bytes packed;
  packed.reserve((pin.size() + 1) / 2);
  for (std::size_t i = 0; i < pin.size(); i += 2) {
    const Byte low = i + 1 < pin.size() ? static_cast<Byte>(pin[i + 1] & 0x0F) : kFiller;
    packed.push_back(static_cast<Byte>(((pin[i] & 0x0F) << 4) | low));
  }
  return packed;
}

Bytes encode(PinEncoding encoding, BytesView pin) {
  switch (encoding) {
    case PinEncoding::kBcd:
      return packed_digits(pin);
    case PinEncoding::kHalfNibbleBcd: {
      Bytes block = to_bytes(pin);
      for (Byte& byte : block) byte = static_cast<Byte>(0xF0 | (byte & 0x0F));
      return block;
    }
    case PinEncoding::kIso9564Format1: {
      // Control nibble 2 and the length, then the digits; F fills up (ISO 9564-1, format 2, which
      // is what cards mean by it).
      Bytes block{static_cast<Byte>(0x20 | pin.size())};
      append(block, packed_digits(pin));
      block.resize(kIso9564Block, 0xFF);
      return block;
    }
    default:
      return to_bytes(pin);
  }
}

}  // namespace

SecureBytes pin_block(const PinFormat& format, const SecureBytes& pin) {
  if (pin.size() < format.min) throw PinLength("the PIN is shorter than the token takes");
  if (pin.size() > format.max) throw PinLength("the PIN is longer than the token takes");
  if (format.encoding != PinEncoding::kUtf8 && !digits_only(pin.view()))
    throw PinLength("this token's PIN consists of digits");
  if (format.encoding == PinEncoding::kIso9564Format1 && pin.size() > 12)
    throw PinLength("this token's PIN has at most 12 digits");
  Bytes block = encode(format.encoding, pin.view());
  if (format.stored != 0 && block.size() > format.stored)
    throw PinLength("the PIN is longer than the token stores");
  if (format.pad && block.size() < format.stored) {
    Bytes padded;  // made in one piece: a reallocation would leave a copy, if a wiped one
    padded.reserve(format.stored);
    append(padded, block);
    padded.resize(format.stored, *format.pad);
    block = std::move(padded);
  }
  if (block.size() > kMaxBlock) throw PinLength("the PIN is longer than a command can hold");
  return SecureBytes(std::move(block));
}

}  // namespace kilt::iso7816
