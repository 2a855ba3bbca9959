// What the virtual JaCarta computes.
#pragma once

#include <optional>

#include "tests/virtual/jacarta/tree.h"

namespace kilt::vtoken::jacarta {

Bytes sha1(const Bytes& data);
Bytes random_bytes(std::size_t count);

/// Two-key triple DES in CBC mode, IV 0, no padding. `data` is a multiple of 8 bytes.
Bytes des_ede_cbc(const Bytes& key16, const Bytes& data, bool encrypt);
/// Single DES in CBC mode, its last block by two-key triple DES; 8 bytes.
Bytes retail_mac(const Bytes& key16, const Bytes& data);
/// DES (8), two-key (16) or three-key (24) triple DES, or AES (16, 24, 32), ECB, no padding.
Bytes des_ecb(const Bytes& key, const Bytes& data, bool encrypt);
Bytes aes_ecb(const Bytes& key, const Bytes& data, bool encrypt);
/// AES CBC-MAC, IV 0; 16 bytes. `data` is a multiple of 16 bytes.
Bytes aes_mac(const Bytes& key, const Bytes& data);

/// base^exponent mod modulus, as long as the modulus field, big-endian.
Bytes power(const Bytes& base, const Bytes& exponent, const Bytes& modulus);
/// Unsigned comparison of big-endian numbers: a < b.
bool less(const Bytes& a, const Bytes& b);
/// p·q = n, for keys that come with their factors.
bool factors_of(const Bytes& p_q, const Bytes& n);

RsaKey make_rsa(unsigned bits);

/// A group for the key agreement, by name; throws std::invalid_argument.
struct Group {
  Bytes g, n;
};
Group dh_group(const std::string& name);

}  // namespace kilt::vtoken::jacarta
