// The key derivation of PKCS#12 (RFC 7292, appendix B).
#pragma once

#include "apdu/bytes.h"
#include "drivers/crypto/hash.h"

namespace kilt::crypto {

/// What the derived bytes are for (RFC 7292, B.3: the ID byte).
enum class Pkcs12Purpose : Byte { kKey = 1, kIv = 2, kMac = 3 };

/// Derives `size` bytes. `password` is a BMPString with its two zero bytes at the end, or empty.
/// Throws Error.
[[nodiscard]] SecureBytes pkcs12_derive(BytesView password, BytesView salt, Pkcs12Purpose purpose,
                                        unsigned iterations, std::size_t size, Hash hash);

}  // namespace kilt::crypto
