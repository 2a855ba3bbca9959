// A command and an answer of the virtual JaCarta.
#pragma once

#include "tests/virtual/card.h"

namespace kilt::vtoken::jacarta {

struct Apdu {
  std::uint8_t cla = 0, ins = 0, p1 = 0, p2 = 0;
  Bytes data;
  bool has_le = false;
  std::size_t le = 0;    ///< 256 for a byte of 00
  bool secured = false;  ///< came under secure messaging

  [[nodiscard]] unsigned p1p2() const { return (static_cast<unsigned>(p1) << 8) | p2; }
};

struct Answer {
  Bytes data;
  unsigned sw = 0x9000;
};

// Status words: seen on a real card where marked, else the closest of ISO 7816-4.
constexpr unsigned kOk = 0x9000;
constexpr unsigned kWrongLength = 0x6700;
constexpr unsigned kWrongType = 0x6981;  ///< real: READ BINARY on a key object
constexpr unsigned kDenied = 0x6982;
constexpr unsigned kBlocked = 0x6983;
constexpr unsigned kConditions = 0x6985;
constexpr unsigned kNoFile = 0x6986;
constexpr unsigned kBadSecure = 0x6988;  ///< real: wrong MAC
constexpr unsigned kBadData = 0x6A80;    ///< real: malformed data of a PSO
constexpr unsigned kNotFound = 0x6A82;   ///< real: SELECT of an absent file
constexpr unsigned kNoMemory = 0x6A84;
constexpr unsigned kBadParameters = 0x6A86;  ///< real: AES data that is no multiple of 16
constexpr unsigned kNoReference = 0x6A88;
constexpr unsigned kExists = 0x6A89;
constexpr unsigned kBadOffset = 0x6B00;
constexpr unsigned kNoInstruction = 0x6D00;  ///< real: READ RECORD
constexpr unsigned kNoClass = 0x6E00;

}  // namespace kilt::vtoken::jacarta
