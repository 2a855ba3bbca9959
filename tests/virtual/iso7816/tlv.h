// BER-TLV as cards write and read it, and bytes in JSON.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/virtual/card.h"

namespace kilt::vtoken::iso {

struct Tlv {
  unsigned tag = 0;  ///< all bytes of the tag, e.g. 7F49
  Bytes value;
};

/// Tag, length in the shortest form, value.
Bytes tlv(unsigned tag, const Bytes& value);
/// The parts, one after another.
Bytes join(std::initializer_list<Bytes> parts);
/// tlv() of the joined parts.
Bytes tlv(unsigned tag, std::initializer_list<Bytes> parts);
/// Nothing if the bytes are not a row of TLVs.
std::optional<std::vector<Tlv>> read_tlvs(const Bytes& bytes);
/// First value of that tag among them.
std::optional<Bytes> find(const std::vector<Tlv>& row, unsigned tag);

Bytes text(const std::string& characters);
std::string hex(const Bytes& bytes);
/// Throws std::invalid_argument.
Bytes unhex(const std::string& digits);

}  // namespace kilt::vtoken::iso
