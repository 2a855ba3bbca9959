// The mechanisms: which exist, what they do, what of it the token does (PKCS#11 mechanisms v2.40).
#pragma once

#include <optional>
#include <vector>

#include "drivers/crypto/cipher.h"
#include "drivers/token.h"
#include "pkcs11/cryptoki.h"

namespace kilt::p11 {

enum class Scheme {
  kDigest,
  kRsaKeyGen,
  kRsaPkcs1,
  kRsaPss,
  kRsaOaep,
  kRsaRaw,
  kEcKeyGen,
  kEcdsa,
  kEcdh,
  kGostKeyGen,
  kGost,
  kGost512KeyGen,
  kGost512,
  // With secret keys that the host keeps:
  kSecretKeyGen,
  kCipher,
  kKeyWrap,
  kMac,
};

/// One row of the table.
struct MechanismSpec {
  CK_MECHANISM_TYPE type;
  Scheme scheme;
  Hash hash;  ///< made on the host before the scheme works; kNone: the application hashes
};

/// A mechanism with its parameter, checked.
struct Mechanism {
  MechanismSpec spec;
  Hash hash = Hash::kNone;  ///< of PSS and OAEP
  Hash mgf = Hash::kNone;
  std::size_t salt_size = 0;
  Bytes label;  ///< OAEP
  crypto::CipherParameters cipher;
};

/// The mechanism works with secret keys, which the host keeps, of this CKK_ type.
[[nodiscard]] std::optional<CK_KEY_TYPE> secret_key_type(const MechanismSpec& spec);
/// The mechanism as it works with this key: what GOST R 34.10 with GOST R 34.11-94 hashes with is
/// given by the key's own parameters.
[[nodiscard]] Mechanism for_key(Mechanism mechanism, const PublicKey& key);

/// The row of a mechanism, nothing if unknown.
[[nodiscard]] std::optional<MechanismSpec> find_mechanism(CK_MECHANISM_TYPE type);
/// The mechanisms a token with these capabilities has, in table order.
[[nodiscard]] std::vector<CK_MECHANISM_TYPE> mechanisms_of(const Capabilities& capabilities);
/// C_GetMechanismInfo; nothing if the token has no such mechanism.
[[nodiscard]] std::optional<CK_MECHANISM_INFO> mechanism_info(CK_MECHANISM_TYPE type,
                                                              const Capabilities& capabilities);
/// Checks the application's CK_MECHANISM for an operation that needs `flag` (CKF_SIGN, …).
/// Throws Refusal with CKR_ARGUMENTS_BAD, CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID.
[[nodiscard]] Mechanism check_mechanism(const CK_MECHANISM* mechanism, CK_FLAGS flag,
                                        const Capabilities& capabilities);

}  // namespace kilt::p11
