// The byte order of a foreign module's GOST signatures.
#pragma once

#include "drivers/crypto/keys.h"

namespace kilt::delegate {

/// A signature of `hash_value` as CKM_GOSTR3410 has it (s || r, each big-endian). Makers' modules
/// write it in that order, as r || s, or wholly reversed: which it is shows by verifying. Throws
/// MalformedAnswer if it verifies in none; returned as it is where the key is not known.
[[nodiscard]] Bytes in_standard_order(const PublicKey& key, BytesView hash_value, Bytes signature);

}  // namespace kilt::delegate
