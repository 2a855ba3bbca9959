// Public keys compared: what tells one key pair from another.
#pragma once

#include "drivers/crypto/keys.h"

namespace kilt {

/// The two are the same key. False if one of them is not known.
[[nodiscard]] bool same_key(const PublicKey& a, const PublicKey& b);

/// 8 bytes that stand for the key, whatever form its parameters came in; empty if it is not known.
[[nodiscard]] Bytes key_mark(const PublicKey& key);

}  // namespace kilt
