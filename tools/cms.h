// CMS SignedData (RFC 5652) with a token's key, and its verification.
#pragma once

#include <string>
#include <vector>

#include "tools/signer.h"

namespace kilt::tool {

enum class CmsForm { kAttached, kDetached };

/// DER of a SignedData by one signer, with the signed attributes contentType, messageDigest,
/// signingTime and signingCertificateV2 (RFC 5035), the certificate included. Throws Failure.
Bytes make_cms(Session& session, const KeyView& key, BytesView certificate, BytesView content,
               CmsForm form);

struct CmsVerdict {
  bool signature = false;      ///< every signature fits
  std::vector<Bytes> signers;  ///< certificates
  std::string chain;           ///< for people
  Bytes content;               ///< of an attached one
};

/// Verifies; `content` for a detached one; `trusted` empty: the chain is not checked. Throws
/// Failure(kBadInput) for what is no CMS, Failure(kUnsupported) for GOST.
CmsVerdict verify_cms(BytesView cms, const Bytes* content, const std::vector<Bytes>& trusted);

}  // namespace kilt::tool
