// What a file's keys can do, and keys made for files.
#pragma once

#include <memory>

#include "drivers/crypto/private_key.h"
#include "drivers/token.h"

namespace kilt::files {

/// `free`: nothing is there yet but a place for a file.
[[nodiscard]] Capabilities file_capabilities(bool free);

/// Throws NotSupported for a scheme that does not go with the key.
[[nodiscard]] Bytes sign_with(const crypto::HostKey& key, SignScheme scheme, BytesView input);

/// A fresh key. Throws InvalidData, NotSupported.
[[nodiscard]] std::shared_ptr<crypto::HostKey> make_key(const KeySpec& spec);
/// A key from its numbers. Throws InvalidData, NotSupported, Inconsistent if a point was given that
/// is not the key's.
[[nodiscard]] std::shared_ptr<crypto::HostKey> key_from(const KeySpec& spec, const PrivateKey& key);

}  // namespace kilt::files
