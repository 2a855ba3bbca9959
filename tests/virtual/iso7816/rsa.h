// RSA as the chip computes it. A key is its DER (PKCS#8) encoding.
#pragma once

#include <optional>

#include "tests/virtual/card.h"

namespace kilt::vtoken::iso {

struct RsaPublic {
  Bytes modulus;   ///< big-endian, without leading zero
  Bytes exponent;  ///< big-endian
};

/// A new key with e = 65537.
Bytes make_rsa(unsigned bits);
RsaPublic public_half(const Bytes& key);
/// SHA-1 of the DER RSAPublicKey: the subject key identifier of the CA's certificates.
Bytes key_identifier(const Bytes& key);

/// The private operation. Nothing unless the block is as long as the modulus and below it.
std::optional<Bytes> rsa_raw(const Bytes& key, const Bytes& block);
/// PKCS#1 v1.5, block type 1 around the data. Nothing if they do not fit.
std::optional<Bytes> rsa_sign(const Bytes& key, const Bytes& data);
/// PKCS#1 v1.5, block type 2 taken off. Nothing if it is none.
std::optional<Bytes> rsa_decrypt(const Bytes& key, const Bytes& cryptogram);

}  // namespace kilt::vtoken::iso
