// CMS SignedData (RFC 5652) as the CA's software makes it: CAdES-BES with signed attributes
// contentType, signingTime, messageDigest, signingCertificateV2; a further signature added to one
// that is there; time stamps (CAdES-T). Algorithms come from a Suite.
#pragma once

#include <ctime>
#include <functional>
#include <optional>
#include <vector>

#include "tools/signing/suite.h"

namespace kilt::tool {

/// A SignedData taken apart; every part is DER.
struct SignedData {
  std::vector<Bytes> digest_algorithms;
  Bytes content_type;            ///< OBJECT IDENTIFIER
  std::optional<Bytes> content;  ///< the octets that were signed; nullopt: detached
  std::vector<Bytes> certificates;
  Bytes crls;  ///< the whole [1], or empty
  std::vector<Bytes> signers;

  /// Definite lengths, one signer at least, nothing after it. nullopt: something else.
  static std::optional<SignedData> parse(BytesView der);
  [[nodiscard]] Bytes der() const;
};

/// What is signed: the octets themselves, or their digest alone.
struct CadesInput {
  BytesView content;
  bool digested = false;     ///< `content` is the digest; never encapsulated
  bool encapsulate = false;  ///< the content goes into the SignedData
  std::time_t time = 0;      ///< signingTime; 0: none, as PAdES wants it, where the PDF has it
};

/// DER of a SignedData by one signer. Throws Failure(kBadInput) for a digest of a wrong length.
Bytes make_cades(const Suite& suite, BytesView certificate, const CadesInput& input);

/// Adds a signature over the same content. Throws Failure(kBadInput) if it is detached.
Bytes add_signer(const Suite& suite, BytesView certificate, SignedData signed_data,
                 std::time_t time);

/// Asks for a time stamp token (DER ContentInfo) over a signature's value.
using Stamp = std::function<Bytes(BytesView signature)>;
/// Every signature that has no signature-time-stamp gets one. Throws what `stamp` throws, and
/// Failure(kBadInput).
Bytes add_time_stamps(SignedData signed_data, const Stamp& stamp);

}  // namespace kilt::tool
