// The id of a new key where the application names none.
#pragma once

#include "drivers/objects.h"

namespace kilt::pkcs15 {

/// SHA-1 of the public key as it stands in a SubjectPublicKeyInfo's BIT STRING: the subject key
/// identifier of RFC 5280, 4.2.1.2 (1), which the CA puts into certificates (design decision 18).
[[nodiscard]] Bytes key_id(const PublicKey& key);

}  // namespace kilt::pkcs15
