#include "tools/x509/online.h"

#include <algorithm>

#include <openssl/err.h>

#include "tools/terminal/text.h"
#include "tools/x509/certificate.h"
#include "tools/x509/crl.h"
#include "tools/x509/http.h"
#include "tools/x509/ocsp.h"

namespace kilt::tool {
namespace {

using PointsPtr = Owned<CRL_DIST_POINTS, CRL_DIST_POINTS_free>;
using Sources = std::vector<std::unique_ptr<RevocationSource>>;

constexpr std::size_t kMaxAddresses = 8;

/// The addresses of the extension's lists: cRLDistributionPoints, freshestCRL.
std::vector<std::string> list_addresses(BytesView certificate, int extension) {
  const X509Ptr x509 = x509_of(certificate);
  const PointsPtr points(
      static_cast<CRL_DIST_POINTS*>(X509_get_ext_d2i(x509.get(), extension, nullptr, nullptr)));
  ERR_clear_error();
  std::vector<std::string> found;
  for (int i = 0; points && i < sk_DIST_POINT_num(points.get()); ++i) {
    const DIST_POINT_NAME* name = sk_DIST_POINT_value(points.get(), i)->distpoint;
    if (name == nullptr || name->type != 0) continue;
    for (int j = 0; j < sk_GENERAL_NAME_num(name->name.fullname); ++j) {
      const GENERAL_NAME* one = sk_GENERAL_NAME_value(name->name.fullname, j);
      if (one->type != GEN_URI || found.size() >= kMaxAddresses) continue;
      const ASN1_IA5STRING* uri = one->d.uniformResourceIdentifier;
      found.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),  // NOLINT
                         static_cast<std::size_t>(ASN1_STRING_length(uri)));
    }
  }
  return found;
}

/// The first address that gives something usable; the others are its mirrors.
template <typename Fetch>
bool first_of(const std::vector<std::string>& addresses, std::vector<std::string>& troubles,
              Fetch fetch) {
  return std::ranges::any_of(addresses, [&](const std::string& address) {
    try {
      return fetch(address);
    } catch (const Failure& failure) {
      troubles.emplace_back(failure.what());
      return false;
    }
  });
}

}  // namespace

Sources fetch_revocation(const RevocationQuestion& question, std::vector<std::string>& troubles) {
  Sources sources;
  const auto decides = [&](std::unique_ptr<RevocationSource> source) {
    RevocationAnswer answer;
    const bool told = source->answer(question, answer) && answer.state != Revocation::kUnknown;
    if (!told && !answer.text.empty()) troubles.push_back(answer.text);
    sources.push_back(std::move(source));
    return told;
  };
  const bool told =
      first_of(ocsp_addresses(question.certificate), troubles, [&](const std::string& address) {
        const OcspRequest request = make_ocsp_request(question);
        const Bytes answer = http_post(address, "application/ocsp-request", request.der);
        if (!is_for_nonce(answer, request.nonce))
          throw Failure(Kind::kBadInput,
                        clean(address) + ": " + tr("the answer is for another question"));
        return decides(read_ocsp(answer));
      });
  if (told) return sources;
  first_of(list_addresses(question.certificate, NID_crl_distribution_points), troubles,
           [&](const std::string& address) { return decides(read_crl(http_get(address))); });
  // What changed since the whole list; there need not be one.
  std::vector<std::string> ignored;
  first_of(list_addresses(question.certificate, NID_freshest_crl), ignored,
           [&](const std::string& address) {
             sources.push_back(read_crl(http_get(address)));
             return true;
           });
  return sources;
}

}  // namespace kilt::tool
