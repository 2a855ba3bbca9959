// Public keys as X.509 writes them (SubjectPublicKeyInfo), and the ids that are made of them.
#pragma once

#include "apdu/bytes.h"
#include "drivers/crypto/keys.h"
#include "drivers/crypto/openssl.h"

namespace kilt::crypto {

/// RSAPublicKey for an RSA key, an OCTET STRING around the point for the others. Throws
/// Inconsistent for std::monostate.
[[nodiscard]] Bytes encode_public_key(const PublicKey& key);

/// SubjectPublicKeyInfo (RFC 5280; RFC 5480 for EC, RFC 4491 for GOST). Throws Inconsistent for
/// std::monostate.
[[nodiscard]] Bytes public_key_info(const PublicKey& key);

/// Contents of its BIT STRING: RSAPublicKey, the bare point of an EC key, a GOST one's OCTET
/// STRING. Empty for std::monostate.
[[nodiscard]] Bytes public_key_bits(const PublicKey& key);

/// The id of a new key where the application names none: SHA-1 of the public key as it stands in a
/// SubjectPublicKeyInfo's BIT STRING, which is the subject key identifier of RFC 5280, 4.2.1.2 (1)
/// (design decision 18).
[[nodiscard]] Bytes key_id(const PublicKey& key);

/// The key as the provider's own ("RSA", "EC"): decoded, not built by EVP_PKEY_fromdata(), because
/// that asks an engine registered for the key's type first (one that is perhaps on top of this very
/// module). Throws InvalidData.
[[nodiscard]] EvpPkey decode_key(const char* type, const PublicKey& key);

}  // namespace kilt::crypto
