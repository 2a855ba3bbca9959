// Who made a signature that fits: the chain to a trusted CA, the purpose, the validity at the time
// of signing, and whether the CA has revoked the certificate.
#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/commands/context.h"
#include "tools/x509/revocation.h"

namespace kilt::tool {

/// What is known about who signed, beyond that a certificate's key did.
enum class Trust {
  kNotChecked,  ///< no CA is trusted
  kTrusted,
  kNoChain,
  kNotValidThen,
  kWrongPurpose,
  kRevoked,
  kRevocationUnknown,  ///< it was to be looked up, and cannot be told
};
/// "trusted", "no-chain", …: in JSON.
const char* trust_name(Trust trust) noexcept;

/// Where the time of a signature is from.
enum class TimeSource {
  kNow,          ///< nowhere: today stands in
  kSigningTime,  ///< the signer's own statement
  kTimeStamp,    ///< a service's, whose certificate is of a trusted CA
};

/// What is to be judged by.
struct Judge {
  std::vector<Bytes> trusted;
  std::vector<std::unique_ptr<RevocationSource>> sources;
  bool online = false;
  /// The user wants revocation looked at.
  [[nodiscard]] bool asks_revocation() const noexcept { return online || !sources.empty(); }
};

/// One signature, as a message holds it.
struct SignerFacts {
  Bytes certificate;
  std::optional<std::time_t> signing_time;
  Bytes signature, time_stamp;  ///< empty: there is no time stamp
  std::string element;          ///< of XML: the one element that is signed; empty: all
};

struct SignerCheck {
  CertificateInfo info;
  std::time_t at = 0;  ///< the moment for which it was judged
  TimeSource source = TimeSource::kNow;
  Trust trust = Trust::kNotChecked;
  std::string chain;    ///< for people
  std::string stamp;    ///< why a time stamp does not count; empty: it does, or there is none
  std::string element;  ///< SignerFacts'
  std::optional<RevocationAnswer> revocation;
  std::vector<std::string> troubles;  ///< what went wrong on the network
};

/// `included`: certificates that came with the signature. Nothing of a signer makes it throw.
SignerCheck check_signer(const SignerFacts& signer, const Judge& judge,
                         const std::vector<Bytes>& included);

/// The sentence about a signer that is not simply trusted; empty: it is, or was not checked.
std::string objection(const SignerCheck& check);
/// The worst of them decides.
Trust worst(const std::vector<SignerCheck>& checks);

void print_signer(Context& context, const SignerCheck& check);
Json signer_json(const Context& context, const SignerCheck& check);

}  // namespace kilt::tool
