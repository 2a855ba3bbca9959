// The ciphers under PKCS#12's passwords: CBC with PKCS#7 padding.
#pragma once

#include "apdu/bytes.h"

namespace kilt::crypto {

enum class PbeCipher { kDes3, kDes2, kRc2, kAes128, kAes192, kAes256 };

/// Throws InvalidData if the length or the padding is wrong.
[[nodiscard]] SecureBytes pbe_decrypt(PbeCipher cipher, const SecureBytes& key, BytesView iv,
                                      BytesView cryptogram);
[[nodiscard]] Bytes pbe_encrypt(PbeCipher cipher, const SecureBytes& key, BytesView iv,
                                BytesView plain);

}  // namespace kilt::crypto
