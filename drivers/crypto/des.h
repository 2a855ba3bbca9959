// DES as old tokens and files use it.
#pragma once

#include "apdu/bytes.h"

namespace kilt::crypto {

/// EDE3 in ECB mode, no padding: `data` is a whole number of 8-byte blocks, the key 24 bytes.
[[nodiscard]] Bytes des3_encrypt(const SecureBytes& key, BytesView data);

/// Two-key 3DES (key of 16 bytes) in CBC mode over whole blocks, no padding. Both halves the same:
/// single DES.
[[nodiscard]] Bytes des_ede2_cbc(BytesView key, BytesView iv, BytesView data, bool encrypt);

}  // namespace kilt::crypto
