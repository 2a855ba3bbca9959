// The directory files of a PKCS#15 card, written by the standard (PKCS#15 v1.1, section 6).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/virtual/card.h"

namespace kilt::vtoken::iso::pkcs15 {

/// A BIT STRING of named bits, bit 0 first, in DER.
Bytes bits(std::initializer_list<unsigned> set);
Bytes integer(unsigned long value);
/// An INTEGER with exactly these bytes, whatever they mean.
Bytes raw_integer(const Bytes& bytes);

struct Path {
  Bytes file;                                               ///< identifiers
  Bytes application;                                        ///< not empty: tag 4F before them
  std::optional<std::pair<std::size_t, std::size_t>> part;  ///< index, length
};
Bytes encode(const Path& path);

struct PinObject {
  std::string label;
  Bytes id;
  Bytes unblocked_by;  ///< id of its PUK; may be empty
  std::vector<unsigned> flags;
  unsigned type = 1;  ///< 0 BCD, 1 ASCII, 2 UTF-8, 3 half-nibble BCD, 4 ISO 9564-1
  unsigned min = 6, stored = 16, max = 16;
  unsigned reference = 0;
  std::optional<std::uint8_t> filler;
  std::optional<Path> path;
};
Bytes encode(const PinObject& pin);

struct KeyObject {
  std::string label;
  Bytes id;
  Bytes authentication;              ///< id of its PIN; empty for a public key
  Bytes usage;                       ///< bits()
  Bytes reference;                   ///< raw_integer() or nothing
  bool consent = false;              ///< each use wants the PIN
  std::vector<unsigned> algorithms;  ///< references of TokenInfo's algorithms
  unsigned modulus_bits = 2048;
  Path path;
};
Bytes encode_private(const KeyObject& key);
Bytes encode_public(const KeyObject& key);

struct CertificateObject {
  std::string label;
  Bytes id;
  bool authority = false;
  Path path;
};
Bytes encode(const CertificateObject& certificate);

struct Algorithm {
  unsigned mechanism;  ///< PKCS#11's number
  Bytes operations;    ///< bits()
  unsigned reference;  ///< the card's own
};
struct TokenInfo {
  Bytes serial;
  std::string manufacturer, label;
  std::vector<Algorithm> algorithms;  ///< referred to as 1, 2, ...
};
Bytes encode(const TokenInfo& info);

}  // namespace kilt::vtoken::iso::pkcs15
