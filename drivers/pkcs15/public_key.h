// Public keys in PKCS#15 files (ISO/IEC 7816-15, 8.4).
#pragma once

#include "drivers/crypto/keys.h"
#include "drivers/pkcs15/entries.h"

namespace kilt::pkcs15 {

/// A public key as PKCS#15 files hold it: RSAPublicKey, SubjectPublicKeyInfo around it, an OCTET
/// STRING with an EC or GOST point. std::monostate if it is none of these.
[[nodiscard]] PublicKey decode_public_key(const KeyEntry& entry, BytesView value);

}  // namespace kilt::pkcs15
