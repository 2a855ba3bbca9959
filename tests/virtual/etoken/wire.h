// Command and answer APDUs of ISO 7816-4, and hexadecimal text: what the virtual eTokens share.
#pragma once

#include <optional>
#include <string_view>

#include "tests/virtual/card.h"

namespace kilt::vtoken::etoken {

/// A parsed command.
struct Apdu {
  std::uint8_t cla = 0, ins = 0, p1 = 0, p2 = 0;
  Bytes data;
  bool has_le = false;
  bool extended = false;
  std::size_t le = 0;  ///< 256 for a short byte of 00, 65536 for an extended 0000

  [[nodiscard]] unsigned p1p2() const { return (static_cast<unsigned>(p1) << 8) | p2; }
  /// CLA, INS, P1 and P2 as one number.
  [[nodiscard]] unsigned header() const {
    return (static_cast<unsigned>(cla) << 24) | (static_cast<unsigned>(ins) << 16) | p1p2();
  }
};

/// An answer: data and status word.
struct Answer {
  Bytes data;
  unsigned sw = 0x9000;
};

/// Short and extended forms of cases 1 to 4. Nothing for bytes that are none of them.
[[nodiscard]] std::optional<Apdu> parse_command(const Bytes& command);
/// Data, then the status word.
[[nodiscard]] Bytes encode(const Answer& answer);
/// No data, this status word.
[[nodiscard]] inline Answer status(unsigned sw) { return {{}, sw}; }

[[nodiscard]] std::string hex(const Bytes& bytes);
/// Blanks are skipped. Throws std::invalid_argument.
[[nodiscard]] Bytes unhex(std::string_view text);

void append(Bytes& target, const Bytes& more);
/// `count` bytes from `at` on, fewer if there are no more.
[[nodiscard]] Bytes part(const Bytes& bytes, std::size_t at, std::size_t count);
/// Two bytes, big-endian.
[[nodiscard]] Bytes two(std::size_t value);
[[nodiscard]] inline Bytes text(std::string_view characters) {
  return {characters.begin(), characters.end()};
}
[[nodiscard]] Bytes random_bytes(std::size_t count);
/// Tag and length in BER form: 7F49 and 81, 82 lengths included.
void put_ber(Bytes& target, unsigned tag, const Bytes& value);

}  // namespace kilt::vtoken::etoken
