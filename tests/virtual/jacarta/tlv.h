// BER-TLV as the virtual JaCarta reads and writes it, and hexadecimal text.
#pragma once

#include <optional>
#include <string>

#include "tests/virtual/card.h"

namespace kilt::vtoken::jacarta {

struct Tlv {
  unsigned tag = 0;  ///< one byte, or two (7F49)
  Bytes value;
};

/// The objects that make up `bytes`, in order; nothing if they do not fit. Lengths in short form,
/// 81 and 82, also where a shorter form would do: the card takes all.
std::optional<std::vector<Tlv>> parse_tlvs(const Bytes& bytes);
/// The first object with that tag.
const Tlv* find(const std::vector<Tlv>& objects, unsigned tag);
/// Appends an object; the shortest form of the length.
void append_tlv(Bytes& to, unsigned tag, const Bytes& value);
void append(Bytes& to, const Bytes& bytes);

Bytes be16(std::size_t value);
std::string hex(const Bytes& bytes);
/// Throws std::invalid_argument. Spaces are skipped.
Bytes unhex(const std::string& text);

}  // namespace kilt::vtoken::jacarta
