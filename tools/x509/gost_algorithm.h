// GOST keys in certificates and documents: what their signatures are called and how they stand
// there.
#pragma once

#include <string>

#include "drivers/crypto/hash.h"
#include "drivers/crypto/keys.h"
#include "tools/terminal/bytes.h"

namespace kilt::tool {

/// The library's bytes, which wipe themselves, as the tool's, which need not.
inline Bytes plain(BytesView bytes) { return {bytes.begin(), bytes.end()}; }

/// How a GOST key signs and what its signatures are called.
struct GostAlgorithm {
  GostPublicKey key;
  Hash hash = Hash::kNone;
  unsigned long mechanism = 0;  ///< the Cryptoki number of what signs a hash value
  bool kazakh = false;  ///< documents hold r || s, each little-endian; else s || r, big-endian
  std::string signature_oid, digest_oid;
  std::string signature_uri, digest_uri;  ///< XML Signature's; empty: none is defined
};
/// Of a DER SubjectPublicKeyInfo. Throws Failure(kUnsupported) if it is no GOST key.
GostAlgorithm gost_algorithm(BytesView spki);
/// A signature of a hash value, as it stands in documents.
bool verify_gost(BytesView spki, BytesView hash, BytesView signature);

}  // namespace kilt::tool
