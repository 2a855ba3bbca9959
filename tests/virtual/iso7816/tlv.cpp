#include "tests/virtual/iso7816/tlv.h"

#include <stdexcept>

#include <fmt/format.h>

namespace kilt::vtoken::iso {
namespace {

void append(Bytes& target, const Bytes& bytes) {
  target.insert(target.end(), bytes.begin(), bytes.end());
}

void append_number(Bytes& target, std::size_t value) {
  if (value > 0xFF) append_number(target, value >> 8);
  target.push_back(static_cast<std::uint8_t>(value));
}

std::optional<unsigned> read_tag(const Bytes& bytes, std::size_t& at) {
  unsigned tag = bytes[at++];
  if ((tag & 0x1F) != 0x1F) return tag;
  for (int more = 0; more < 3; ++more) {
    if (at == bytes.size()) return std::nullopt;
    const std::uint8_t byte = bytes[at++];
    tag = tag << 8 | byte;
    if ((byte & 0x80) == 0) return tag;
  }
  return std::nullopt;
}

std::optional<std::size_t> read_length(const Bytes& bytes, std::size_t& at) {
  if (at == bytes.size()) return std::nullopt;
  const std::size_t first = bytes[at++];
  if (first < 0x80) return first;
  const std::size_t count = first & 0x7F;
  if (count == 0 || count > 3 || at + count > bytes.size()) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 0; i < count; ++i) length = length << 8 | bytes[at++];
  return length;
}

}  // namespace

Bytes tlv(unsigned tag, const Bytes& value) {
  Bytes out;
  append_number(out, tag);
  if (value.size() >= 0x80) {
    Bytes length;
    append_number(length, value.size());
    out.push_back(static_cast<std::uint8_t>(0x80 | length.size()));
    append(out, length);
  } else {
    out.push_back(static_cast<std::uint8_t>(value.size()));
  }
  append(out, value);
  return out;
}

Bytes join(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) append(out, part);
  return out;
}

Bytes tlv(unsigned tag, std::initializer_list<Bytes> parts) { return tlv(tag, join(parts)); }

std::optional<std::vector<Tlv>> read_tlvs(const Bytes& bytes) {
  std::vector<Tlv> row;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto tag = read_tag(bytes, at);
    if (!tag) return std::nullopt;
    const auto length = read_length(bytes, at);
    if (!length || at + *length > bytes.size()) return std::nullopt;
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    row.push_back({*tag, Bytes(begin, begin + static_cast<std::ptrdiff_t>(*length))});
    at += *length;
  }
  return row;
}

std::optional<Bytes> find(const std::vector<Tlv>& row, unsigned tag) {
  for (const Tlv& one : row)
    if (one.tag == tag) return one.value;
  return std::nullopt;
}

Bytes text(const std::string& characters) { return {characters.begin(), characters.end()}; }

std::string hex(const Bytes& bytes) {
  std::string digits;
  for (const std::uint8_t byte : bytes) digits += fmt::format("{:02X}", byte);
  return digits;
}

Bytes unhex(const std::string& digits) {
  if (digits.size() % 2 != 0) throw std::invalid_argument("an odd number of hexadecimal digits");
  Bytes bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
  return bytes;
}

}  // namespace kilt::vtoken::iso
