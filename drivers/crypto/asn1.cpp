#include "drivers/crypto/asn1.h"

#include <algorithm>
#include <bit>

namespace kilt::asn1 {

std::int64_t integer(BytesView value) {
  if (value.empty() || value.size() > 4) throw MalformedAnswer("a number is out of range");
  std::int64_t number = (value.front() & 0x80) != 0 ? -1 : 0;
  for (const Byte byte : value) number = number * 256 + byte;  // two's complement
  return number;
}

std::uint32_t bits(BytesView value) {
  if (value.empty()) return 0;  // not valid, but no reason to lose a PIN
  std::uint32_t flags = 0;
  const BytesView body = value.subspan(1);
  for (std::size_t i = 0; i < std::min<std::size_t>(body.size(), 4); ++i)
    for (unsigned bit = 0; bit < 8; ++bit)
      if ((body[i] & (0x80U >> bit)) != 0) flags |= 1U << (8 * i + bit);
  return flags;
}

Bytes integer_value(std::int64_t number) {
  Bytes bytes;
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<Byte>((number >> shift) & 0xFF));
  // Shortest form: drop leading bytes that only repeat the sign.
  while (bytes.size() > 1 && ((bytes[0] == 0x00 && (bytes[1] & 0x80) == 0) ||
                              (bytes[0] == 0xFF && (bytes[1] & 0x80) != 0)))
    bytes.erase(bytes.begin());
  return bytes;
}

Bytes bits_value(std::uint32_t flags) {
  if (flags == 0) return {0x00};
  const unsigned used = 32U - static_cast<unsigned>(std::countl_zero(flags));
  Bytes bytes((used + 7) / 8 + 1, 0);
  bytes[0] = static_cast<Byte>((8 - used % 8) % 8);
  for (unsigned bit = 0; bit < used; ++bit)
    if ((flags & (1U << bit)) != 0)
      bytes[1 + bit / 8] = static_cast<Byte>(bytes[1 + bit / 8] | (0x80U >> (bit % 8)));
  return bytes;
}

}  // namespace kilt::asn1
