// Triple DES, as the eToken logins use it.
#pragma once

#include "apdu/bytes.h"

namespace kilt::etoken {

/// EDE3 in ECB mode, no padding: `data` is a whole number of 8-byte blocks, the key 24 bytes.
[[nodiscard]] Bytes des3_encrypt(const SecureBytes& key, BytesView data);

}  // namespace kilt::etoken
