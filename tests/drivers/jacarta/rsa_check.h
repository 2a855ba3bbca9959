// RSA on the host, by OpenSSL, to check what the token has done.
#pragma once

#include <memory>
#include <string>

#include <openssl/evp.h>

#include "drivers/objects.h"

namespace kilt::jacarta::test {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using HostKey = std::unique_ptr<EVP_PKEY, FreeKey>;

[[nodiscard]] HostKey public_key(const PublicKey& key);
[[nodiscard]] HostKey make_key(unsigned bits);
[[nodiscard]] RsaPrivateKey private_parts(const EVP_PKEY& key);
/// DigestInfo of the text's SHA-256.
[[nodiscard]] Bytes digest_info(const std::string& text);
[[nodiscard]] bool verifies(EVP_PKEY& key, const std::string& text, BytesView signature);
/// The raw public operation: block of modulus length in and out.
[[nodiscard]] Bytes raw_public(EVP_PKEY& key, BytesView block);
[[nodiscard]] Bytes encrypt_pkcs1(EVP_PKEY& key, const std::string& text);
/// A self-signed certificate with this common name and serial 0x1234; DER.
[[nodiscard]] Bytes self_signed(EVP_PKEY& key, const std::string& name);

}  // namespace kilt::jacarta::test
