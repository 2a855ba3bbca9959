// CMS SignedData (RFC 5652) with a token's key, and its verification.
#pragma once

#include <ctime>
#include <optional>
#include <vector>

#include "tools/signing/signer.h"

namespace kilt::tool {

enum class CmsForm { kAttached, kDetached };

/// DER of a SignedData by one signer, with the signed attributes contentType, messageDigest,
/// signingTime and signingCertificateV2 (RFC 5035), the certificate included. Throws Failure.
Bytes make_cms(Session& session, const KeyView& key, BytesView certificate, BytesView content,
               CmsForm form);

struct CmsSigner {
  Bytes certificate;
  /// The signed attribute signingTime: what the signer's own clock said.
  std::optional<std::time_t> signing_time;
};

struct CmsVerdict {
  /// Of all signatures together: kFits only if each was computed and fits.
  Verification signature = Verification::kNotComputed;
  std::vector<CmsSigner> signers;
  std::vector<Bytes> included;  ///< all certificates in the message
  Bytes content;                ///< of an attached one
};

/// DER of a CMS in a file: DER, PEM or bare base64.
Bytes cms_in(Bytes file);
/// The file holds a CMS SignedData (DER).
bool is_cms(BytesView der);

/// Computes whether the signatures fit; `content` for a detached one. Who signed is not judged.
/// Throws Failure(kBadInput) for what is no CMS.
CmsVerdict verify_cms(BytesView cms, const Bytes* content);

}  // namespace kilt::tool
