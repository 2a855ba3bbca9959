// RSA private keys in the host's memory, by OpenSSL.
#pragma once

#include "drivers/crypto/private_key.h"

namespace kilt::crypto {

/// Throws as read_private_key().
[[nodiscard]] std::unique_ptr<HostKey> read_rsa_key(BytesView private_key_info);

}  // namespace kilt::crypto
