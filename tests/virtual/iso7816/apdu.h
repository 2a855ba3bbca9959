// Command and response APDUs as a card sees them (ISO/IEC 7816-4).
#pragma once

#include <cstddef>
#include <optional>

#include "tests/virtual/card.h"

namespace kilt::vtoken::iso {

/// A parsed command.
struct Command {
  std::uint8_t cla = 0, ins = 0, p1 = 0, p2 = 0;
  Bytes data;
  bool has_le = false;
  std::size_t le = 0;  ///< 256 (65536) for zeros
  bool extended = false;

  [[nodiscard]] unsigned p1p2() const { return (static_cast<unsigned>(p1) << 8) | p2; }
};

/// Nothing if the bytes are no command, or an extended one where that is not allowed.
std::optional<Command> parse_command(const Bytes& bytes, bool allow_extended);

/// An answer: data and status word.
struct Answer {
  Bytes data;
  unsigned sw = 0x9000;
};

/// How a card speaks.
struct Manners {
  bool t0 = false;           ///< 61xx for answers to commands with data
  bool extended = false;     ///< takes extended length
  bool chaining = false;     ///< takes class bit 10
  bool exact_le = true;      ///< T=0: 6Cxx for an Le beyond what there is; else a shorter answer
  bool silent_rest = false;  ///< a GET RESPONSE that leaves something ends with 9000, not 61xx
};

}  // namespace kilt::vtoken::iso
