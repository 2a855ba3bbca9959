// Cryptoki's fixed-width text fields: UTF-8, padded with blanks, not terminated.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace kilt::p11 {

/// Fills the field with `text`, cut at a character's border if it is too long.
template <std::size_t Size>
void pad_text(unsigned char (&field)[Size], std::string_view text) {
  std::size_t size = std::min(text.size(), Size);
  const auto continues = [&](std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
  };
  while (size > 0 && size < text.size() && continues(size)) --size;
  std::fill(std::begin(field), std::end(field), static_cast<unsigned char>(' '));
  std::copy_n(text.begin(), size, std::begin(field));
}

}  // namespace kilt::p11
