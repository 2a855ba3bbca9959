// What the token computes: RSA and GOST R 34.10 on little-endian numbers.
#pragma once

#include <optional>

#include "tests/virtual/card.h"

namespace kilt::vtoken::kaztoken {

/// Body of a private RSA object: p, 4 zero bytes, q, 4 zero bytes, qInv, dP, dQ.
struct RsaKey {
  Bytes private_body;
  Bytes public_body;  ///< n, then e on half the length
  Bytes modulus;      ///< little-endian
};
RsaKey make_rsa(unsigned bits);
/// The private operation on a little-endian block. Nothing if the block is not below the modulus
/// or the body holds no key.
std::optional<Bytes> rsa_private(const Bytes& private_body, const Bytes& block);

struct GostKey {
  Bytes private_body;  ///< d, 32 bytes
  Bytes public_body;   ///< X, Y, 32 bytes each
};
/// `option` of the object names the curve: 20 A, 30 B, 40 C.
std::optional<GostKey> make_gost(std::uint8_t option);
/// r, s, 32 bytes each.
std::optional<Bytes> gost_sign(std::uint8_t option, const Bytes& private_body, const Bytes& hash);

}  // namespace kilt::vtoken::kaztoken
