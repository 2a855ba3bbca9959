#include "tools/x509/crl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "tools/terminal/text.h"
#include "tools/x509/certificate.h"
#include "tools/x509/signed_object.h"

namespace kilt::tool {
namespace {

using CrlPtr = Owned<X509_CRL, X509_CRL_free>;
using PointPtr = Owned<ISSUING_DIST_POINT, ISSUING_DIST_POINT_free>;
using EnumeratedPtr = Owned<ASN1_ENUMERATED, ASN1_ENUMERATED_free>;

/// How far the clocks of this computer and of the CA may be apart, in seconds.
constexpr std::time_t kClockSkew = 300;
constexpr int kRemoveFromCrl = 8;

/// 0: absent or damaged.
std::time_t time_of(const ASN1_TIME* time) {
  std::tm parts{};
  return time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1 ? 0 : timegm(&parts);
}

int reason_of(const X509_REVOKED* entry) {
  const EnumeratedPtr reason(static_cast<ASN1_ENUMERATED*>(
      X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, nullptr, nullptr)));
  ERR_clear_error();
  return reason ? static_cast<int>(ASN1_ENUMERATED_get(reason.get())) : -1;
}

class Crl : public RevocationSource {
 public:
  explicit Crl(Bytes der) : der_(std::move(der)) {
    const unsigned char* in = der_.data();
    crl_.reset(d2i_X509_CRL(nullptr, &in, static_cast<long>(der_.size())));
    if (crl_ && in != der_.data() + der_.size()) crl_.reset();
    ERR_clear_error();
    if (!crl_) throw Failure(Kind::kBadInput, tr("This is no CRL, or it is damaged."));
    issued_ = time_of(X509_CRL_get0_lastUpdate(crl_.get()));
    next_ = time_of(X509_CRL_get0_nextUpdate(crl_.get()));
    delta_ = X509_CRL_get_ext_by_NID(crl_.get(), NID_delta_crl, -1) >= 0;
  }

  bool answer(const RevocationQuestion& question, RevocationAnswer& answer) const override {
    const X509Ptr certificate = x509_of(question.certificate);
    if (X509_NAME_cmp(X509_CRL_get_issuer(crl_.get()), X509_get_issuer_name(certificate.get())) !=
        0)
      return false;
    answer.as_of = issued_;
    if (const std::string why = why_unusable(question); !why.empty()) {
      answer.text = tr("the CRL of {0}: {1}", date(issued_), why);
      return true;
    }
    X509_REVOKED* entry = nullptr;
    const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate.get());
    // OpenSSL's look-up sorts the list and takes the number without const.
    const int found = X509_CRL_get0_by_serial(crl_.get(), &entry,
                                              const_cast<ASN1_INTEGER*>(serial));  // NOLINT
    ERR_clear_error();
    if (found != 0 && entry != nullptr && reason_of(entry) != kRemoveFromCrl) {
      answer.state = Revocation::kRevoked;
      answer.revoked = time_of(X509_REVOKED_get0_revocationDate(entry));
      answer.text = tr("revoked on {0} ({1}), by the CRL of {2}", date(answer.revoked),
                       revocation_reason(reason_of(entry)), date(issued_));
      return true;
    }
    if (const std::string why = why_silent(question); !why.empty()) {
      answer.text = tr("the CRL of {0}: {1}", date(issued_), why);
      return true;
    }
    answer.state = Revocation::kGood;
    answer.text = tr("not revoked, by the CRL of {0}", date(issued_));
    return true;
  }

 private:
  /// Why nothing of it counts; empty: it does.
  [[nodiscard]] std::string why_unusable(const RevocationQuestion& question) const {
    const CertificateInfo issuer = parse_certificate(question.issuer);
    if (issuer.key_usage && (*issuer.key_usage & KU_CRL_SIGN) == 0)
      return tr("its issuer may not sign CRLs");
    if (!is_signed_by(der_, issuer.spki)) return tr("the CA's key has not signed it");
    if (issued_ == 0 || issued_ > std::time(nullptr) + kClockSkew)
      return tr("it is of the future; is this computer's clock right?");
    for (int i = 0; i < X509_CRL_get_ext_count(crl_.get()); ++i) {
      X509_EXTENSION* extension = X509_CRL_get_ext(crl_.get(), i);
      const int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
      if (X509_EXTENSION_get_critical(extension) == 1 && nid != NID_delta_crl &&
          nid != NID_issuing_distribution_point)
        return tr("it has a rule that is not known here");
    }
    if (X509_CRL_get_ext_by_NID(crl_.get(), NID_issuing_distribution_point, -1) < 0) return {};
    const PointPtr point(static_cast<ISSUING_DIST_POINT*>(
        X509_CRL_get_ext_d2i(crl_.get(), NID_issuing_distribution_point, nullptr, nullptr)));
    ERR_clear_error();
    const CertificateInfo subject = parse_certificate(question.certificate);
    if (!point || point->indirectCRL > 0 || point->onlyattr > 0 ||
        point->onlysomereasons != nullptr || (point->onlyuser > 0 && subject.authority) ||
        (point->onlyCA > 0 && !subject.authority))
      return tr("it is for other certificates");
    return {};
  }
  /// Why a certificate that is not listed may be revoked nevertheless.
  [[nodiscard]] std::string why_silent(const RevocationQuestion& question) const {
    if (delta_) return tr("it tells changes only; the whole list is needed too");
    if (!reaches(issued_, next_, question.at)) return tr("it ended on {0}", date(next_));
    if (parse_certificate(question.certificate).not_after < issued_)
      return tr("it no longer lists certificates that ended before it");
    return {};
  }

  Bytes der_;
  CrlPtr crl_;
  std::time_t issued_ = 0, next_ = 0;
  bool delta_ = false;
};

}  // namespace

std::unique_ptr<RevocationSource> read_crl(const Bytes& file) {
  const BioPtr bio(BIO_new_mem_buf(file.data(), static_cast<int>(file.size())));
  const CrlPtr pem(PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return std::make_unique<Crl>(pem ? to_der(pem.get(), i2d_X509_CRL) : file);
}

}  // namespace kilt::tool
