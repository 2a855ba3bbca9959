// Certificate requests (PKCS#10, RFC 2986) as the CA takes them: the subject, an e-mail address,
// the key storage's OID, signed by the new key. Content by the CA's published issuance example.
#pragma once

#include <string>

#include "tools/signing/signer.h"

namespace kilt::tool {

struct RequestPlan {
  X509NamePtr subject;
  std::string email;        ///< empty: none
  std::string storage_oid;  ///< of the key storage, dotted; empty: no such extension
  /// The folder, where the storage is a file; in UTF-8. Empty: none.
  std::string storage_folder = {};
};

/// "CN=A B,SURNAME=A,serialNumber=IIN…,C=KZ" or "/CN=…/C=…" as a name, in the order given. A
/// backslash takes the next character as it is. Throws Failure(kUsage).
X509NamePtr parse_name(const std::string& text);

/// The subject of a certificate.
X509NamePtr subject_of(BytesView certificate);

/// DER of the request for `key`, signed by it. The user is logged in. Throws Failure.
Bytes make_request(Session& session, const KeyView& key, const RequestPlan& plan);

}  // namespace kilt::tool
