// The mechanisms: which exist, what they do, what of it the token does (PKCS#11 mechanisms v2.40).
#pragma once

#include <optional>
#include <vector>

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
};

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
