// ECDSA and points over the curves that OpenSSL knows by name.
#pragma once

#include "apdu/bytes.h"
#include "drivers/crypto/keys.h"

namespace kilt::crypto {

/// The point lies on the curve (one that OpenSSL knows).
[[nodiscard]] bool is_on_curve(const EcPublicKey& key);
/// Signature as r || s.
[[nodiscard]] bool ecdsa_verify(const EcPublicKey& key, BytesView hash_value, BytesView signature);

}  // namespace kilt::crypto
