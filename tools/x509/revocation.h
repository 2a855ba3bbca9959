// Whether a certificate was revoked, by what its CA has signed: CRLs (RFC 5280, 5) and OCSP answers
// (RFC 6960), of GOST or RSA. Nothing is fetched here (x509/online.h).
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "tools/terminal/bytes.h"

namespace kilt::tool {

enum class Revocation {
  kGood,     ///< the CA says that it was not revoked
  kRevoked,  ///< the CA says that it is, be it for a while
  kUnknown,  ///< nothing at hand tells
};
/// "good", "revoked", "unknown": in JSON.
const char* revocation_name(Revocation state) noexcept;

struct RevocationAnswer {
  Revocation state = Revocation::kUnknown;
  std::time_t as_of = 0;    ///< when the CA said so
  std::time_t revoked = 0;  ///< kRevoked: since when
  std::string text;         ///< for people: what says so, or why it cannot be told
};

/// What is asked: a certificate, the one of its CA (whose signature on it was verified), and the
/// moment for which it matters.
struct RevocationQuestion {
  BytesView certificate, issuer;
  std::time_t at = 0;
};

/// A file of the CA.
class RevocationSource {
 public:
  RevocationSource() = default;
  RevocationSource(const RevocationSource&) = delete;
  RevocationSource& operator=(const RevocationSource&) = delete;
  virtual ~RevocationSource() = default;
  /// False: it is about others, and says nothing of this certificate.
  virtual bool answer(const RevocationQuestion& question, RevocationAnswer& answer) const = 0;
};

/// The newest word that counts. It counts if the CA's key signed it (or, for OCSP, a responder's
/// that the CA has certified) and if it reaches to the moment asked for.
RevocationAnswer ask(const std::vector<std::unique_ptr<RevocationSource>>& sources,
                     const RevocationQuestion& question);

/// An answer of these two times tells about the moment `at`; `next` 0: it names none.
bool reaches(std::time_t issued, std::time_t next, std::time_t at) noexcept;
/// CRLReason (RFC 5280, 5.3.1) for people.
std::string revocation_reason(int reason);

}  // namespace kilt::tool
