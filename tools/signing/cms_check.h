// Verifying CMS signatures without OpenSSL's CMS, which knows no GOST: every signer by the rules of
// RFC 5652, 5.4 and 5.6.
#pragma once

#include <optional>
#include <vector>

#include "tools/signing/content.h"
#include "tools/x509/openssl.h"

namespace kilt::tool {

/// A hash or signature in this SignedData (DER or BER) is one of GOST's.
bool has_gost_signer(BytesView cms);

struct CheckedCms {
  bool good = false;                ///< every signature fits
  std::vector<Bytes> signers;       ///< certificates, in the order of the signatures
  std::vector<Bytes> certificates;  ///< all that the file holds
  Bytes content_type;               ///< DER OBJECT IDENTIFIER
  Bytes content;                    ///< of an attached one, where no other was named
};
/// `content` for a detached one; it is read once. Throws Failure(kBadInput) for what is no CMS,
/// (kUsage) for a detached one without its content, (kUnsupported) for an algorithm that is not
/// known.
CheckedCms check_cms(BytesView cms, Content* content);

}  // namespace kilt::tool
