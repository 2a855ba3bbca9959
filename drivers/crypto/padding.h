// Paddings of RSA (RFC 8017). The token works on whole blocks, so they are made and taken off here;
// OpenSSL offers them only together with a private key of its own.
#pragma once

#include <cstdint>

#include "apdu/bytes.h"
#include "drivers/crypto/hash.h"

namespace kilt::crypto {

/// DigestInfo of PKCS#1 (RFC 8017, 9.2) around a hash value.
[[nodiscard]] Bytes digest_info(Hash hash, BytesView value);

/// EMSA-PKCS1-v1_5 block of `size` bytes around `data`. Throws InvalidData if it does not fit.
[[nodiscard]] Bytes pad_pkcs1_sign(BytesView data, std::size_t size);
/// EMSA-PSS (RFC 8017, 9.1.1) block for a modulus of `modulus_bits`. Throws InvalidData.
[[nodiscard]] Bytes pad_pss(BytesView hash_value, Hash hash, Hash mgf, std::size_t salt_size,
                            unsigned modulus_bits);

/// All ones or zero: a condition that nothing branches on.
using Mask = std::uint32_t;

/// A block with its padding found, not yet taken off. Neither a branch nor an address depended on
/// the block so far (tests/hardening/constant_time).
struct Unpadded {
  Bytes bytes;
  std::uint32_t start = 0;  ///< where in `bytes` the message begins
  Mask good = 0;
};
[[nodiscard]] Unpadded find_message_pkcs1(BytesView block, BytesView cryptogram);
[[nodiscard]] Unpadded look_oaep(BytesView block, Hash hash, Hash mgf, BytesView label);

/// Strips PKCS#1 v1.5 encryption padding in constant time. A block that is not padded right gives
/// a made-up message that depends on the cryptogram and a secret of this process only: no caller
/// can tell the two apart (implicit rejection, hardening point 31).
[[nodiscard]] SecureBytes unpad_pkcs1(BytesView block, BytesView cryptogram);
/// Strips OAEP (RFC 8017, 7.1.2) in constant time. Throws InvalidData, always with the same text.
[[nodiscard]] SecureBytes unpad_oaep(BytesView block, Hash hash, Hash mgf, BytesView label);

}  // namespace kilt::crypto
