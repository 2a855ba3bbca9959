// X.509 certificates: the fields that a user of a token cares about.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "tools/x509/openssl.h"

namespace kilt::tool {

/// Bits of the keyUsage extension (RFC 5280, 4.2.1.3), as OpenSSL's KU_ values.
using KeyUsageBits = unsigned;

struct CertificateInfo {
  Bytes der;
  std::string subject, issuer;  ///< one line, "CN=…, O=…", with personal numbers
  std::string common_name, organisation, email;
  std::string iin, bin;  ///< twelve digits, or empty
  std::string serial;    ///< hex
  std::time_t not_before = 0, not_after = 0;
  std::optional<KeyUsageBits> key_usage;
  std::vector<std::string> extended_usage;  ///< dotted OIDs
  std::vector<std::string> policies;        ///< dotted OIDs
  std::string storage_oid;                  ///< of the CA's extension 1.2.398.3.3.5, or empty
  std::string key_algorithm;                ///< "RSA-2048", "GOST R 34.10-2001", or a dotted OID
  Bytes spki;                               ///< DER SubjectPublicKeyInfo
  Bytes key_id;                             ///< SHA-1 of the public key's bits (RFC 5280, 4.2.1.2)
  bool authority = false;                   ///< basicConstraints cA
  bool self_issued = false;

  /// Whole days until it expires; negative: expired. Counted down from `now`.
  [[nodiscard]] long days_left(std::time_t now) const noexcept;
};

/// Reads one DER certificate, nothing after it. Throws Failure(kBadInput).
CertificateInfo parse_certificate(BytesView der);

/// The OpenSSL object of DER. Throws Failure(kBadInput).
X509Ptr x509_of(BytesView der);

/// The certificates of a file: DER, PEM (several), or a PKCS#7 bundle. Throws Failure(kBadInput).
std::vector<Bytes> certificates_in(BytesView file);

/// One line of a name: "CN=…, SURNAME=…", in order, UTF-8, cleaned.
std::string name_line(const X509_NAME* name);
/// The same with IIN and BIN digits hidden.
std::string hide_ids(std::string line);

/// SHA-1 of the subjectPublicKey bits of a DER SubjectPublicKeyInfo: the key identifier.
Bytes key_identifier(BytesView spki);
/// "RSA-2048" and the like for a DER SubjectPublicKeyInfo.
std::string key_algorithm(BytesView spki);

std::string to_pem(const char* type, BytesView der);
/// "2026-11-24"
std::string date(std::time_t time);

}  // namespace kilt::tool
