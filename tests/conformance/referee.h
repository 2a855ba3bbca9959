// OpenSSL as the referee: it verifies what the module signs, and encrypts what it decrypts.
#pragma once

#include <memory>

#include <openssl/evp.h>

#include "tests/conformance/module.h"

namespace kilt::conformance {

using EvpPkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

/// The public key of an object, by its attributes. NULL if they do not make one.
EvpPkey openssl_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key);

enum class Padding { kPkcs1, kPss, kNone, kEcdsa };

/// How a mechanism signs.
struct Signing {
  const char* name;
  CK_MECHANISM_TYPE type;
  CK_KEY_TYPE key;
  Padding padding;
  const char* hash;            ///< OpenSSL's name; NULL: the application hashes
  CK_MECHANISM_TYPE hash_alg;  ///< of PSS parameters
  CK_ULONG mgf;
};
/// With its parameter, if it has one: both are valid as long as the call lasts.
struct Parameters {
  explicit Parameters(const Signing& how);
  CK_RSA_PKCS_PSS_PARAMS pss{};
  CK_MECHANISM mechanism{};
};
const std::vector<Signing>& signings();

/// What is given to C_Sign so that the signature is one over `message`: the message, or what the
/// application makes of it where the mechanism does not hash. `size`: bytes of the modulus.
Bytes input_for(const Signing& how, const Bytes& message, std::size_t size);
bool openssl_verifies(const Signing& how, EVP_PKEY* key, const Bytes& message,
                      const Bytes& signature);
Bytes openssl_digest(const char* hash, const Bytes& data);
/// RSA_PKCS1_PADDING, RSA_PKCS1_OAEP_PADDING (SHA-1) or RSA_NO_PADDING.
Bytes openssl_encrypt(EVP_PKEY* key, int padding, const Bytes& data);

}  // namespace kilt::conformance
