#include "tests/virtual/etoken/wire.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>
#include <openssl/rand.h>

namespace kilt::vtoken::etoken {
namespace {

constexpr std::size_t kHeader = 4;

std::size_t pair_at(const Bytes& bytes, std::size_t at) {
  return static_cast<std::size_t>(bytes[at]) << 8 | bytes[at + 1];
}

/// The body behind the header begins 00: extended lengths.
bool parse_extended(const Bytes& command, Apdu& apdu) {
  constexpr std::size_t kAll = 65536;
  const std::size_t size = command.size();
  const std::size_t first = pair_at(command, kHeader + 1);
  apdu.extended = true;
  if (size == kHeader + 3) {
    apdu.has_le = true;
    apdu.le = first == 0 ? kAll : first;
    return true;
  }
  const std::size_t end = kHeader + 3 + first;
  if (first == 0 || (size != end && size != end + 2)) return false;
  apdu.data = part(command, kHeader + 3, first);
  if (size == end) return true;
  apdu.has_le = true;
  apdu.le = pair_at(command, end) == 0 ? kAll : pair_at(command, end);
  return true;
}

}  // namespace

std::optional<Apdu> parse_command(const Bytes& command) {
  const std::size_t size = command.size();
  if (size < kHeader) return std::nullopt;
  Apdu apdu;
  apdu.cla = command[0];
  apdu.ins = command[1];
  apdu.p1 = command[2];
  apdu.p2 = command[3];
  if (size == kHeader) return apdu;
  const auto le_of = [](std::uint8_t byte) { return byte == 0 ? 256U : std::size_t{byte}; };
  if (size == kHeader + 1) {
    apdu.has_le = true;
    apdu.le = le_of(command[kHeader]);
    return apdu;
  }
  const std::size_t lc = command[kHeader];
  if (lc == 0) {
    // A data field declared empty: some programs ask so for a PIN's state.
    if (size == kHeader + 2) return std::nullopt;
    if (!parse_extended(command, apdu)) return std::nullopt;
    return apdu;
  }
  const std::size_t end = kHeader + 1 + lc;
  if (size != end && size != end + 1) return std::nullopt;
  apdu.data = part(command, kHeader + 1, lc);
  apdu.has_le = size == end + 1;
  if (apdu.has_le) apdu.le = le_of(command.back());
  return apdu;
}

Bytes encode(const Answer& answer) {
  Bytes out = answer.data;
  append(out, two(answer.sw));
  return out;
}

std::string hex(const Bytes& bytes) {
  std::string result;
  for (const std::uint8_t byte : bytes) result += fmt::format("{:02X}", byte);
  return result;
}

Bytes unhex(std::string_view text) {
  Bytes bytes;
  int half = -1;
  for (const char letter : text) {
    if (letter == ' ') continue;
    const std::size_t digit = std::string_view("0123456789ABCDEFabcdef").find(letter);
    if (digit == std::string_view::npos) throw std::invalid_argument("not a hexadecimal digit");
    const int value = static_cast<int>(digit < 16 ? digit : digit - 6);
    if (half < 0) {
      half = value;
    } else {
      bytes.push_back(static_cast<std::uint8_t>(half * 16 + value));
      half = -1;
    }
  }
  if (half >= 0) throw std::invalid_argument("an odd number of hexadecimal digits");
  return bytes;
}

void append(Bytes& target, const Bytes& more) {
  target.insert(target.end(), more.begin(), more.end());
}

Bytes part(const Bytes& bytes, std::size_t at, std::size_t count) {
  if (at >= bytes.size()) return {};
  const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
  return {begin, begin + static_cast<std::ptrdiff_t>(std::min(count, bytes.size() - at))};
}

Bytes two(std::size_t value) {
  return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

Bytes random_bytes(std::size_t count) {
  Bytes bytes(count);
  if (RAND_bytes(bytes.data(), static_cast<int>(count)) != 1)
    throw std::runtime_error("no random numbers");
  return bytes;
}

void put_ber(Bytes& target, unsigned tag, const Bytes& value) {
  if (tag > 0xFF) target.push_back(static_cast<std::uint8_t>(tag >> 8));
  target.push_back(static_cast<std::uint8_t>(tag));
  if (value.size() > 0xFF) {
    target.push_back(0x82);
    append(target, two(value.size()));
  } else {
    if (value.size() > 0x7F) target.push_back(0x81);
    target.push_back(static_cast<std::uint8_t>(value.size()));
  }
  append(target, value);
}

}  // namespace kilt::vtoken::etoken
