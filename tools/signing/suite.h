// How a key signs inside CMS and XML: the names that stand in the document, its hash, and a
// callback that signs. cades.h and xml.h need nothing else of a key, so that a new algorithm is one
// function here: fill the identifiers and the two callbacks.
#pragma once

#include <functional>
#include <string>

#include "tools/signing/signer.h"

namespace kilt::tool {

struct Suite {
  std::string digest_oid, signature_oid;  ///< dotted, as CMS has them; both with NULL parameters
  std::string digest_uri, signature_uri;  ///< as XML Signature has them; empty: none is defined
  std::size_t digest_size = 0;            ///< bytes
  std::function<Bytes(BytesView data)> digest;
  /// Hashes and signs; the value as it stands in CMS and XML (RSA: PKCS #1; Kazakh GOST: r || s,
  /// each little-endian).
  std::function<Bytes(BytesView data)> sign;
};

/// The suite of a key of this session, for a certificate's DER SubjectPublicKeyInfo. The session
/// and the key must outlive it. Throws Failure(kUnsupported): no key for signatures of the CA's
/// kind.
Suite suite_of(Session& session, const KeyView& key, BytesView spki);
/// suite_of would give one for this SubjectPublicKeyInfo; for lists of keys.
bool has_suite(BytesView spki);

}  // namespace kilt::tool
