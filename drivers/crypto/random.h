// Random numbers of the host.
#pragma once

#include "apdu/bytes.h"

namespace kilt::crypto {

/// Random bytes that may be seen (challenges, salts). Throws Error.
[[nodiscard]] Bytes random_bytes(std::size_t size);
/// Random bytes that are a secret. Throws Error.
[[nodiscard]] SecureBytes random_secret(std::size_t size);

}  // namespace kilt::crypto
