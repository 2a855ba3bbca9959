// CMS SignedData (RFC 5652) with a token's key, and its verification.
#pragma once

#include <ctime>
#include <optional>
#include <vector>

#include "tools/signing/content.h"
#include "tools/signing/signer.h"

namespace kilt::tool {

/// DER of a SignedData by one signer, with the signed attributes contentType, messageDigest,
/// signingTime and signingCertificateV2 (RFC 5035), certificate and content included. Throws
/// Failure.
Bytes make_cms(Session& session, const KeyView& key, BytesView certificate, BytesView content);
/// The same without the content, of which the digest by hash_of(key) suffices.
Bytes make_detached_cms(Session& session, const KeyView& key, BytesView certificate,
                        const Bytes& digest);

struct CmsSigner {
  Bytes certificate;
  /// The signed attribute signingTime: what the signer's own clock said.
  std::optional<std::time_t> signing_time;
  Bytes signature;
  /// The unsigned attribute signature-time-stamp, a DER ContentInfo; empty: none.
  Bytes time_stamp;
};

struct CmsVerdict {
  /// Of all signatures together: kFits only if each was computed and fits.
  Verification signature = Verification::kNotComputed;
  std::vector<CmsSigner> signers;
  std::vector<Bytes> included;  ///< all certificates in the message
  Bytes content;                ///< of an attached one, where no other was named
};

/// DER of a CMS in a file: DER, PEM or bare base64.
Bytes cms_in(Bytes file);
/// The file holds a CMS SignedData (DER).
bool is_cms(BytesView der);

/// Computes whether the signatures fit; `content` for a detached one is read once, in parts. Who
/// signed is not judged. Throws Failure(kBadInput) for what is no CMS, and what Content::read()
/// throws.
CmsVerdict verify_cms(BytesView cms, Content* content);

}  // namespace kilt::tool
