// Signatures by a token's key in the form that X.509, PKCS#10 and CMS have them.
#pragma once

#include <string>

#include "drivers/crypto/hash.h"
#include "tools/client/inventory.h"
#include "tools/signing/verification.h"
#include "tools/x509/openssl.h"

namespace kilt::tool {

struct Signature {
  std::string algorithm;  ///< dotted OID for certificates and requests
  bool null_parameters = false;
  std::string digest;        ///< dotted OID of the hash
  bool digest_null = false;  ///< the hash's AlgorithmIdentifier carries NULL
  Bytes bits;
  /// Of sign_data: kFits or kNotComputed, since what does not fit is an error.
  Verification verified = Verification::kNotComputed;
};

/// The algorithms that sign_data would use for this key; bits are empty.
Signature signature_algorithm(const KeyView& key);

/// The hash that signature_algorithm(key) names.
Hash hash_of(const KeyView& key);

/// Hash of `data` as signature_algorithm(key) names it.
Bytes digest_data(const KeyView& key, BytesView data);

/// Hashes and signs `data`, and verifies the result. The user is logged in.
/// Throws Failure.
Signature sign_data(Session& session, const KeyView& key, BytesView data);

/// `signature` over `data` by the key of a DER SubjectPublicKeyInfo (RSA, EC with SHA-256, GOST).
Verification verify_data(BytesView spki, BytesView data, BytesView signature);

/// AlgorithmIdentifier.
X509AlgorPtr algorithm_identifier(const std::string& oid, bool null_parameters);

}  // namespace kilt::tool
