#include "tests/virtual/jacarta/tlv.h"

#include <stdexcept>

#include <fmt/format.h>

namespace kilt::vtoken::jacarta {

std::optional<std::vector<Tlv>> parse_tlvs(const Bytes& bytes) {
  std::vector<Tlv> objects;
  std::size_t at = 0;
  const auto left = [&] { return bytes.size() - at; };
  while (at < bytes.size()) {
    Tlv object;
    object.tag = bytes[at++];
    if ((object.tag & 0x1F) == 0x1F) {
      if (left() == 0) return std::nullopt;
      object.tag = (object.tag << 8) | bytes[at++];
    }
    if (left() == 0) return std::nullopt;
    std::size_t length = bytes[at++];
    if (length > 0x82 || length == 0x80) return std::nullopt;
    if (length > 0x80) {
      std::size_t count = length - 0x80;
      if (left() < count) return std::nullopt;
      for (length = 0; count > 0; --count) length = (length << 8) | bytes[at++];
    }
    if (left() < length) return std::nullopt;
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    object.value.assign(begin, begin + static_cast<std::ptrdiff_t>(length));
    at += length;
    objects.push_back(std::move(object));
  }
  return objects;
}

const Tlv* find(const std::vector<Tlv>& objects, unsigned tag) {
  for (const Tlv& object : objects)
    if (object.tag == tag) return &object;
  return nullptr;
}

void append(Bytes& to, const Bytes& bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

void append_tlv(Bytes& to, unsigned tag, const Bytes& value) {
  if (tag > 0xFF) to.push_back(static_cast<std::uint8_t>(tag >> 8));
  to.push_back(static_cast<std::uint8_t>(tag));
  if (value.size() > 0xFF) {
    to.push_back(0x82);
    to.push_back(static_cast<std::uint8_t>(value.size() >> 8));
  } else if (value.size() > 0x7F) {
    to.push_back(0x81);
  }
  to.push_back(static_cast<std::uint8_t>(value.size()));
  append(to, value);
}

Bytes be16(std::size_t value) {
  return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

std::string hex(const Bytes& bytes) { return fmt::format("{:02X}", fmt::join(bytes, "")); }

Bytes unhex(const std::string& text) {
  const auto digit = [](char c) -> unsigned {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    throw std::invalid_argument("not hexadecimal");
  };
  Bytes bytes;
  bool half = false;
  for (const char c : text) {
    if (c == ' ') continue;
    if (half)
      bytes.back() = static_cast<std::uint8_t>((unsigned{bytes.back()} << 4) | digit(c));
    else
      bytes.push_back(static_cast<std::uint8_t>(digit(c)));
    half = !half;
  }
  if (half) throw std::invalid_argument("an odd number of hexadecimal digits");
  return bytes;
}

}  // namespace kilt::vtoken::jacarta
