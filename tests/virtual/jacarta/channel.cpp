#include "tests/virtual/jacarta/channel.h"

#include <algorithm>

#include "tests/virtual/jacarta/crypto.h"
#include "tests/virtual/jacarta/tlv.h"

namespace kilt::vtoken::jacarta {
namespace {

Bytes slice(const Bytes& from, std::size_t offset, std::size_t count) {
  const auto begin = from.begin() + static_cast<std::ptrdiff_t>(offset);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

Bytes exclusive_or(Bytes a, const Bytes& b) {
  std::ranges::transform(a, b, a.begin(), std::bit_xor<std::uint8_t>());
  return a;
}

void pad(Bytes& data) {
  data.push_back(0x80);
  while (data.size() % 8 != 0) data.push_back(0x00);
}

bool unpad(Bytes& data) {
  while (!data.empty() && data.back() == 0x00) data.pop_back();
  if (data.empty() || data.back() != 0x80) return false;
  data.pop_back();
  return true;
}

}  // namespace

Channel::Channel(const Bytes& z, const Bytes& r)
    : enc_(exclusive_or(slice(z, 0, 16), slice(r, 0, 16))),
      mac_(exclusive_or(slice(z, 24, 16), slice(r, 16, 16))) {}

Bytes Channel::mac(const Bytes& message) {
  Bytes input(8);
  for (std::size_t i = 0; i < 8; ++i)
    input[i] = static_cast<std::uint8_t>(counter_ >> (8 * (7 - i)));
  append(input, message);
  return retail_mac(mac_, input);
}

std::optional<Apdu> Channel::unwrap(const Apdu& wrapped) {
  ++counter_;
  const auto objects = parse_tlvs(wrapped.data);
  if (!objects) return std::nullopt;
  Apdu plain = wrapped;
  plain.cla &= 0xF0;
  plain.data.clear();
  plain.has_le = false;
  plain.secured = true;
  Bytes header{wrapped.cla, wrapped.ins, wrapped.p1, wrapped.p2};
  pad(header);
  const Tlv* cryptogram = nullptr;
  const Tlv* le = nullptr;
  const Tlv* check = nullptr;
  for (const Tlv& object : *objects) {
    const Tlv*& place = object.tag == 0x87 ? cryptogram : object.tag == 0x97 ? le : check;
    if (place != nullptr || check != nullptr) return std::nullopt;
    if (object.tag != 0x87 && object.tag != 0x97 && object.tag != 0x8E) return std::nullopt;
    place = &object;
  }
  if (check == nullptr || check->value.size() != 8) return std::nullopt;
  constexpr std::size_t kCheckSize = 10;  // with tag and length; the MAC covers what is before it
  const Bytes fields = slice(wrapped.data, 0, wrapped.data.size() - kCheckSize);
  // The recordings hold no command without 87 and 97: a padded nothing is taken too.
  Bytes padded = fields;
  pad(padded);
  Bytes message = header;
  append(message, padded);
  if (mac(message) != check->value && !(fields.empty() && mac(header) == check->value))
    return std::nullopt;
  if (le != nullptr) {
    if (le->value.size() != 1) return std::nullopt;
    plain.has_le = true;
    plain.le = le->value[0] == 0 ? 256 : le->value[0];
  }
  if (cryptogram != nullptr) {
    if (cryptogram->value.size() < 9 || cryptogram->value.size() % 8 != 1 ||
        cryptogram->value[0] != 0x01)
      return std::nullopt;
    plain.data =
        des_ede_cbc(enc_, slice(cryptogram->value, 1, cryptogram->value.size() - 1), false);
    if (!unpad(plain.data)) return std::nullopt;
  }
  return plain;
}

Bytes Channel::wrap(const Answer& answer) {
  ++counter_;
  Bytes out;
  if (!answer.data.empty()) {
    Bytes padded = answer.data;
    pad(padded);
    Bytes value{0x01};
    append(value, des_ede_cbc(enc_, padded, true));
    append_tlv(out, 0x87, value);
  }
  append_tlv(out, 0x99, be16(answer.sw));
  Bytes message = out;
  pad(message);
  append_tlv(out, 0x8E, mac(message));
  return out;
}

}  // namespace kilt::vtoken::jacarta
