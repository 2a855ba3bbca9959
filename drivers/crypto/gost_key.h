// GOST's keys as PKCS#8 and X.509 write them, with Kazakh or Russian OBJECT IDENTIFIERs: the one
// place that knows these encodings.
#pragma once

#include "drivers/crypto/private_key.h"

namespace kilt::crypto {

/// A DER OBJECT IDENTIFIER of a GOST public-key algorithm.
[[nodiscard]] bool is_gost_algorithm(BytesView oid);

/// Reads the key of a PrivateKeyInfo: `parameters` are what stands behind the algorithm's OBJECT
/// IDENTIFIER, `contents` is the OCTET STRING's. Throws as read_private_key().
[[nodiscard]] std::unique_ptr<HostKey> read_gost_key(BytesView algorithm, BytesView parameters,
                                                     BytesView contents);

/// AlgorithmIdentifier's contents (OBJECT IDENTIFIER and parameters) for a GOST key.
[[nodiscard]] Bytes gost_algorithm(const GostPublicKey& key);

/// The key of a SubjectPublicKeyInfo (DER); std::monostate if it is no GOST key. An unknown
/// parameter set is kept as it is: such a key is shown, not used.
[[nodiscard]] PublicKey read_gost_public_key(BytesView public_key_info);

}  // namespace kilt::crypto
