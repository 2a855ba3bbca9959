#include "drivers/etoken/utf16.h"

#include <cstdint>
#include <optional>

namespace kilt::etoken {
namespace {

/// The next character and how many bytes it takes (RFC 3629); nothing if the bytes are no UTF-8.
struct Decoded {
  std::uint32_t character = 0;
  std::size_t size = 0;
};

std::optional<Decoded> decode(BytesView text) {
  const Byte lead = text.front();
  if (lead < 0x80) return Decoded{lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (size == 0 || lead > 0xF4 || text.size() < size) return std::nullopt;
  std::uint32_t character = lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((text[i] & 0xC0) != 0x80) return std::nullopt;
    character = (character << 6) | (text[i] & 0x3FU);
  }
  const std::uint32_t least = size == 4 ? 0x10000 : size == 3 ? 0x800 : 0x80;
  const bool surrogate = character >= 0xD800 && character < 0xE000;
  if (character < least || character > 0x10FFFF || surrogate) return std::nullopt;
  return Decoded{character, size};
}

bool is_utf8(BytesView text) {
  while (!text.empty()) {
    const auto decoded = decode(text);
    if (!decoded) return false;
    text = text.subspan(decoded->size);
  }
  return true;
}

void put_utf16be(Bytes& out, std::uint32_t unit) { append(out, write_be(unit, 2)); }

void put_utf8(std::string& out, std::uint32_t character) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (character < 0x80) return put(character);
  if (character < 0x800) {
    put(0xC0 | (character >> 6));
  } else {
    if (character < 0x10000) {
      put(0xE0 | (character >> 12));
    } else {
      put(0xF0 | (character >> 18));
      put(0x80 | ((character >> 12) & 0x3F));
    }
    put(0x80 | ((character >> 6) & 0x3F));
  }
  put(0x80 | (character & 0x3F));
}

std::uint32_t unit_at(BytesView text, std::size_t at) {
  return text[at] | (std::uint32_t{text[at + 1]} << 8);
}

}  // namespace

Bytes to_utf16be(BytesView text) {
  const bool utf8 = is_utf8(text);
  Bytes out;
  out.reserve(2 * text.size());  // a secret is not to be copied about by a growing vector
  while (!text.empty()) {
    const Decoded next = utf8 ? *decode(text) : Decoded{text.front(), 1};
    if (next.character >= 0x10000) {
      put_utf16be(out, 0xD800 + ((next.character - 0x10000) >> 10));
      put_utf16be(out, 0xDC00 + ((next.character - 0x10000) & 0x3FF));
    } else {
      put_utf16be(out, next.character);
    }
    text = text.subspan(next.size);
  }
  return out;
}

std::string from_utf16le(BytesView text) {
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    std::uint32_t character = unit_at(text, i);
    if (character == 0) break;
    if (character >= 0xD800 && character < 0xE000) {
      const bool pair =
          character < 0xDC00 && i + 3 < text.size() && (unit_at(text, i + 2) & 0xFC00) == 0xDC00;
      if (pair) {
        character = 0x10000 + ((character - 0xD800) << 10) + (unit_at(text, i + 2) - 0xDC00);
        i += 2;
      } else {
        character = 0xFFFD;
      }
    }
    put_utf8(out, character);
  }
  return out;
}

}  // namespace kilt::etoken
