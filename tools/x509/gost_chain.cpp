#include "tools/x509/gost_chain.h"

#include <algorithm>

#include <openssl/err.h>

#include "apdu/tlv.h"
#include "drivers/crypto/gost_key.h"
#include "tools/terminal/text.h"
#include "tools/x509/certificate.h"
#include "tools/x509/gost_algorithm.h"

namespace kilt::tool {
namespace {

constexpr unsigned kMaxLength = 10;
constexpr std::uint32_t kBitString = 0x03;

/// A certificate's three parts (RFC 5280, 4.1).
struct Parts {
  BytesView signed_part;
  std::string algorithm;  ///< dotted
  BytesView signature;
};

Parts parts_of(const X509* certificate, BytesView der) {
  Parts parts;
  const ASN1_BIT_STRING* bits = nullptr;
  const X509_ALGOR* algorithm = nullptr;
  X509_get0_signature(&bits, &algorithm, certificate);
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  parts.algorithm = dotted(object);
  // The bytes themselves, not what OpenSSL would write in their place.
  const auto outer = tlv::Reader(der).next();
  if (outer) {
    tlv::Reader fields(outer->value);
    if (const auto first = fields.next()) parts.signed_part = first->encoded;
    static_cast<void>(fields.next());
    if (const auto last = fields.next(); last && last->tag == kBitString && !last->value.empty())
      parts.signature = last->value.subspan(1);
  }
  return parts;
}

Bytes name_of(const X509_NAME* name) { return to_der(name, i2d_X509_NAME); }

/// The issuer among these: by name and by signature.
const Bytes* find_issuer(BytesView certificate, const std::vector<Bytes>& among, bool trusted) {
  const X509Ptr child = x509_of(certificate);
  const Bytes wanted = name_of(X509_get_issuer_name(child.get()));
  for (const Bytes& der : among) {
    const X509Ptr candidate = x509_of(der);
    if (name_of(X509_get_subject_name(candidate.get())) != wanted) continue;
    const CertificateInfo info = parse_certificate(der);
    if (!trusted && !info.authority) continue;
    if (is_signed_by(certificate, info.spki)) return &der;
  }
  return nullptr;
}

}  // namespace

bool is_signed_by_gost(BytesView certificate) {
  const X509Ptr x509 = x509_of(certificate);
  const std::string algorithm = parts_of(x509.get(), certificate).algorithm;
  return algorithm.starts_with("1.2.398.3.10.1.1.") || algorithm.starts_with("1.2.643.");
}

bool is_signed_by(BytesView certificate, BytesView issuer_spki) {
  const X509Ptr x509 = x509_of(certificate);
  if (!std::holds_alternative<std::monostate>(crypto::read_gost_public_key(issuer_spki))) {
    const Parts parts = parts_of(x509.get(), certificate);
    const GostAlgorithm algorithm = gost_algorithm(issuer_spki);
    if (parts.algorithm != algorithm.signature_oid) return false;
    return verify_gost(issuer_spki, crypto::digest(algorithm.hash, parts.signed_part),
                       parts.signature);
  }
  const unsigned char* in = issuer_spki.data();
  const PkeyPtr key(d2i_PUBKEY(nullptr, &in, static_cast<long>(issuer_spki.size())));
  const bool good = key && X509_verify(x509.get(), key.get()) == 1;
  ERR_clear_error();
  return good;
}

std::string check_gost_chain(BytesView certificate, const std::vector<Bytes>& trusted,
                             const std::vector<Bytes>& intermediate,
                             std::optional<std::time_t> at) {
  const auto check_time = [&](BytesView der) {
    if (!at) return;
    const CertificateInfo info = parse_certificate(der);
    if (*at < info.not_before || *at > info.not_after)
      throw Failure(Kind::kBadInput, tr("The certificate's chain is not complete or not right: {0}",
                                        tr("a certificate of it was not valid then")));
  };
  check_time(certificate);
  const auto is_trusted = [&](BytesView der) {
    return std::ranges::any_of(trusted, [&](const Bytes& one) { return equal(one, der); });
  };
  if (is_trusted(certificate)) return tr("trusted itself");
  std::string text;
  Bytes current(certificate.begin(), certificate.end());
  for (unsigned length = 0; length < kMaxLength; ++length) {
    const Bytes* issuer = find_issuer(current, trusted, true);
    const bool end = issuer != nullptr;
    if (!end) issuer = find_issuer(current, intermediate, false);
    if (issuer == nullptr) break;
    check_time(*issuer);
    if (!text.empty()) text += " ← ";
    text += parse_certificate(*issuer).subject;
    if (end) return text;
    current = *issuer;
  }
  throw Failure(Kind::kBadInput,
                tr("The certificate's chain is not complete or not right: {0}",
                   tr("no trusted certificate has signed it")),
                tr("Give the CA's certificates with --ca; they are on pki.gov.kz."));
}

}  // namespace kilt::tool
