#include "tools/x509/gost_chain.h"

#include <algorithm>

#include "tools/terminal/text.h"
#include "tools/x509/certificate.h"
#include "tools/x509/signed_object.h"

namespace kilt::tool {
namespace {

constexpr unsigned kMaxLength = 10;

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
  const std::string algorithm = signed_with(certificate);
  return algorithm.starts_with("1.2.398.3.10.1.1.") || algorithm.starts_with("1.2.643.");
}

Chain check_gost_chain(BytesView certificate, const std::vector<Bytes>& trusted,
                       const std::vector<Bytes>& intermediate, std::optional<std::time_t> at) {
  const auto check_time = [&](BytesView der) {
    if (!at) return;
    const CertificateInfo info = parse_certificate(der);
    if (*at < info.not_before || *at > info.not_after)
      throw Failure(Kind::kBadInput, tr("The certificate's chain is not complete or not right: {0}",
                                        tr("a certificate of it was not valid then")));
  };
  check_time(certificate);
  const auto is_trusted = [&](BytesView der) {
    return std::ranges::any_of(trusted,
                               [&](const Bytes& one) { return std::ranges::equal(one, der); });
  };
  Bytes current(certificate.begin(), certificate.end());
  Chain chain{{current}, {}};
  if (is_trusted(certificate)) {
    chain.text = tr("trusted itself");
    return chain;
  }
  for (unsigned length = 0; length < kMaxLength; ++length) {
    const Bytes* issuer = find_issuer(current, trusted, true);
    const bool end = issuer != nullptr;
    if (!end) issuer = find_issuer(current, intermediate, false);
    if (issuer == nullptr) break;
    check_time(*issuer);
    if (!chain.text.empty()) chain.text += " ← ";
    chain.text += parse_certificate(*issuer).subject;
    chain.certificates.push_back(*issuer);
    if (end) return chain;
    current = *issuer;
  }
  throw Failure(Kind::kBadInput,
                tr("The certificate's chain is not complete or not right: {0}",
                   tr("no trusted certificate has signed it")),
                tr("Give the CA's certificates with --ca; they are on pki.gov.kz."));
}

}  // namespace kilt::tool
