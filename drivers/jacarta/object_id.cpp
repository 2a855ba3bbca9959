#include "drivers/jacarta/object_id.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "apdu/tlv.h"

namespace kilt::jacarta {
namespace {

constexpr std::size_t kNumbers = 16;
constexpr std::uint32_t kUnused = 0xFFFFFFFF;
constexpr std::uint32_t kOidTag = 0x06;

void append_base128(Bytes& body, std::uint32_t number) {
  Bytes digits{static_cast<Byte>(number & 0x7F)};
  while ((number >>= 7) != 0) digits.push_back(static_cast<Byte>(0x80 | (number & 0x7F)));
  append(body, reversed(digits));
}

/// Nothing for what does not fit: a number over 32 bits, more than 16 numbers, no OID at all.
std::optional<std::vector<std::uint32_t>> numbers_of(BytesView der) {
  std::vector<std::uint32_t> numbers;
  try {
    const auto node = tlv::Reader(der).next();
    if (!node || node->tag != kOidTag || node->value.empty()) return std::nullopt;
    std::uint64_t number = 0;
    for (const Byte byte : node->value) {
      number = number << 7 | (byte & 0x7FU);
      if (number >= kUnused) return std::nullopt;
      if ((byte & 0x80) != 0) continue;
      if (numbers.empty()) {  // the first two arcs share a number
        const std::uint64_t first = std::min<std::uint64_t>(number / 40, 2);
        numbers.push_back(static_cast<std::uint32_t>(first));
        number -= first * 40;
      }
      numbers.push_back(static_cast<std::uint32_t>(number));
      number = 0;
    }
    if ((node->value.back() & 0x80) != 0) return std::nullopt;
  } catch (const MalformedAnswer&) {
    return std::nullopt;
  }
  if (numbers.size() > kNumbers) return std::nullopt;
  return numbers;
}

}  // namespace

Bytes read_object_id(BytesView stored) {
  if (stored.size() != kNumbers * 4) return numbers_of(stored) ? to_bytes(stored) : Bytes{};
  std::vector<std::uint32_t> numbers;
  for (std::size_t i = 0; i < kNumbers; ++i) {
    const auto number = static_cast<std::uint32_t>(read_be(reversed(stored.subspan(4 * i, 4))));
    if (number == kUnused) break;
    numbers.push_back(number);
  }
  if (numbers.size() < 2 || numbers[0] > 2 || numbers[1] > 0xFFFF) return {};
  Bytes body;
  append_base128(body, numbers[0] * 40 + numbers[1]);
  for (std::size_t i = 2; i < numbers.size(); ++i) append_base128(body, numbers[i]);
  return tlv::encode(kOidTag, body);
}

Bytes write_object_id(BytesView der) {
  Bytes stored(kNumbers * 4, 0xFF);
  if (der.empty()) return stored;
  const auto numbers = numbers_of(der);
  if (!numbers) return to_bytes(der);
  for (std::size_t i = 0; i < numbers->size(); ++i)
    std::ranges::copy(reversed(write_be((*numbers)[i], 4)),
                      stored.begin() + static_cast<std::ptrdiff_t>(4 * i));
  return stored;
}

}  // namespace kilt::jacarta
