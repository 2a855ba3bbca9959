#include "drivers/crypto/password.h"

namespace kilt::crypto {
namespace {

/// One character of UTF-8 at the front; 0 bytes long if it is none.
struct Character {
  std::uint32_t code = 0;
  std::size_t size = 0;
};

Character first_of(BytesView text) {
  const Byte lead = text.front();
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  std::uint32_t code = lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((text[i] & 0xC0) != 0x80) return {};
    code = (code << 6) | (text[i] & 0x3FU);
  }
  const bool short_enough = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  if (short_enough || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return {};
  return {code, size};
}

bool is_utf8(BytesView text) {
  while (!text.empty()) {
    const std::size_t size = first_of(text).size;
    if (size == 0) return false;
    text = text.subspan(size);
  }
  return true;
}

SecureBytes bmp_of(BytesView text) {
  Bytes out;
  out.reserve(2 * text.size() + 2);  // no reallocation leaves a copy (the allocator wipes anyway)
  const bool utf8 = is_utf8(text);
  const auto unit = [&](std::uint32_t value) {
    out.push_back(static_cast<Byte>((value >> 8) & 0xFF));
    out.push_back(static_cast<Byte>(value & 0xFF));
  };
  while (!text.empty()) {
    const Character next = utf8 ? first_of(text) : Character{text.front(), 1};
    if (next.code < 0x10000) {
      unit(next.code);
    } else {  // a surrogate pair
      unit(0xD800 + ((next.code - 0x10000) >> 10));
      unit(0xDC00 + ((next.code - 0x10000) & 0x3FF));
    }
    text = text.subspan(next.size);
  }
  unit(0);
  return SecureBytes(std::move(out));
}

}  // namespace

Password::Password(BytesView utf8) : utf8_(utf8), bmp_(bmp_of(utf8)) {}

}  // namespace kilt::crypto
