// Signatures of hash values by the key of a certificate: RSA (PKCS #1, 1.5) and GOST, as CMS and
// XML Signature of the CA's software have them.
#pragma once

#include "drivers/crypto/hash.h"
#include "tools/terminal/bytes.h"

namespace kilt::tool {

/// The hash is one of GOST's.
bool is_gost(Hash hash) noexcept;

/// `signature` is the certificate's key's over this hash value. False where key and hash do not go
/// together. Throws Failure(kUnsupported) for another kind of key.
bool fits_hash(BytesView certificate, Hash hash, BytesView value, BytesView signature);

}  // namespace kilt::tool
