// RSA with public keys: verification and encryption on the host.
#pragma once

#include "apdu/bytes.h"
#include "drivers/crypto/hash.h"
#include "drivers/crypto/keys.h"

namespace kilt::crypto {

/// RSAVP1: signature or cryptogram to the power of e, as a block of modulus length. Throws
/// InvalidData if the input is not of modulus length or not below the modulus.
[[nodiscard]] Bytes rsa_public(const RsaPublicKey& key, BytesView input);
/// Whether the private key made `output` of the block `input`: rsa_public() gives the block again.
/// An output that cannot be one is not.
[[nodiscard]] bool rsa_is_private_of(const RsaPublicKey& key, BytesView input, BytesView output);
[[nodiscard]] bool rsa_verify_pkcs1(const RsaPublicKey& key, BytesView data, BytesView signature);
[[nodiscard]] bool rsa_verify_pss(const RsaPublicKey& key, BytesView hash_value, Hash hash,
                                  Hash mgf, std::size_t salt_size, BytesView signature);
[[nodiscard]] Bytes rsa_encrypt_pkcs1(const RsaPublicKey& key, BytesView data);
[[nodiscard]] Bytes rsa_encrypt_oaep(const RsaPublicKey& key, BytesView data, Hash hash, Hash mgf,
                                     BytesView label);

}  // namespace kilt::crypto
