#include "tools/x509/ocsp.h"

#include <algorithm>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/rand.h>

#include "apdu/tlv.h"
#include "drivers/crypto/gost_curve.h"
#include "drivers/crypto/pkcs12_format.h"
#include "tools/terminal/text.h"
#include "tools/x509/certificate.h"
#include "tools/x509/gost_algorithm.h"
#include "tools/x509/signed_object.h"

namespace kilt::tool {
namespace {

using ResponsePtr = Owned<OCSP_RESPONSE, OCSP_RESPONSE_free>;
using BasicPtr = Owned<OCSP_BASICRESP, OCSP_BASICRESP_free>;
using RequestPtr = Owned<OCSP_REQUEST, OCSP_REQUEST_free>;

constexpr std::time_t kClockSkew = 300;  ///< seconds
constexpr const char* kOcspSigning = "1.3.6.1.5.5.7.3.9";
constexpr int kMaxAnswers = 1000, kMaxCertificates = 16;
constexpr int kNonceSize = 16;

std::time_t time_of(const ASN1_GENERALIZEDTIME* time) {
  std::tm parts{};
  return time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1 ? 0 : timegm(&parts);
}

BytesView view_of(const ASN1_STRING* string) {
  return {ASN1_STRING_get0_data(string), static_cast<std::size_t>(ASN1_STRING_length(string))};
}

/// BasicOCSPResponse's own bytes inside of an OCSPResponse.
Bytes basic_bytes(BytesView der) {
  try {
    const auto octets = tlv::find_path(der, {0x30, 0xA0, 0x30, 0x04});
    return octets ? Bytes(octets->value.begin(), octets->value.end()) : Bytes();
  } catch (const MalformedAnswer&) {
    return {};
  }
}

BasicPtr basic_of(const Bytes& file) {
  const unsigned char* in = file.data();
  const ResponsePtr response(d2i_OCSP_RESPONSE(nullptr, &in, static_cast<long>(file.size())));
  BasicPtr basic(response && OCSP_response_status(response.get()) == OCSP_RESPONSE_STATUS_SUCCESSFUL
                     ? OCSP_response_get1_basic(response.get())
                     : nullptr);
  ERR_clear_error();
  return basic;
}

/// The hash of these bytes equals what the CertID holds.
bool hashes_to(const ASN1_OBJECT* algorithm, BytesView bytes, const ASN1_OCTET_STRING* wanted) {
  const Bytes oid = to_der(algorithm, i2d_ASN1_OBJECT);
  Hash hash = crypto::gost_hash_named(oid);
  if (hash == Hash::kNone) hash = crypto::pkcs12::hash_named(oid);
  return hash != Hash::kNone &&
         std::ranges::equal(plain(crypto::digest(hash, bytes)), view_of(wanted));
}

class OcspAnswer : public RevocationSource {
 public:
  explicit OcspAnswer(const Bytes& file) : basic_(basic_of(file)), der_(basic_bytes(file)) {
    if (!basic_ || der_.empty())
      throw Failure(Kind::kBadInput, tr("This is no OCSP answer, or the responder gave none."));
    produced_ = time_of(OCSP_resp_get0_produced_at(basic_.get()));
  }

  bool answer(const RevocationQuestion& question, RevocationAnswer& answer) const override {
    OCSP_SINGLERESP* single = find(question);
    if (single == nullptr) return false;
    int reason = -1;
    ASN1_GENERALIZEDTIME *revoked = nullptr, *issued = nullptr, *next = nullptr;
    const int status = OCSP_single_get0_status(single, &reason, &revoked, &issued, &next);
    answer.as_of = time_of(issued);
    const auto unknown = [&](const std::string& why) {
      answer.text = tr("the OCSP answer of {0}: {1}", date(answer.as_of), why);
      return true;
    };
    if (!is_signed(question)) return unknown(tr("no key of the CA has signed it"));
    if (answer.as_of == 0 || answer.as_of > std::time(nullptr) + kClockSkew)
      return unknown(tr("it is of the future; is this computer's clock right?"));
    if (status == V_OCSP_CERTSTATUS_REVOKED) {
      answer.state = Revocation::kRevoked;
      answer.revoked = time_of(revoked);
      answer.text = tr("revoked on {0} ({1}), by the OCSP answer of {2}", date(answer.revoked),
                       revocation_reason(reason), date(answer.as_of));
      return true;
    }
    if (status != V_OCSP_CERTSTATUS_GOOD) return unknown(tr("it does not know the certificate"));
    if (!reaches(answer.as_of, time_of(next), question.at)) return unknown(tr("it is too old"));
    if (parse_certificate(question.certificate).not_after < answer.as_of)
      return unknown(tr("it was given when the certificate had ended"));
    answer.state = Revocation::kGood;
    answer.text = tr("not revoked, by the OCSP answer of {0}", date(answer.as_of));
    return true;
  }

 private:
  /// The part about this certificate of this CA.
  [[nodiscard]] OCSP_SINGLERESP* find(const RevocationQuestion& question) const {
    const X509Ptr certificate = x509_of(question.certificate);
    const X509Ptr issuer = x509_of(question.issuer);
    const Bytes name = to_der(X509_get_subject_name(issuer.get()), i2d_X509_NAME);
    const BytesView key = view_of(X509_get0_pubkey_bitstr(issuer.get()));
    const int count = std::min(OCSP_resp_count(basic_.get()), kMaxAnswers);
    for (int i = 0; i < count; ++i) {
      OCSP_SINGLERESP* single = OCSP_resp_get0(basic_.get(), i);
      ASN1_OCTET_STRING *name_hash = nullptr, *key_hash = nullptr;
      ASN1_OBJECT* algorithm = nullptr;
      ASN1_INTEGER* serial = nullptr;
      // It takes the id without const; nothing is changed.
      auto* id = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single));  // NOLINT
      if (OCSP_id_get0_info(&name_hash, &algorithm, &key_hash, &serial, id) == 1 &&
          ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate.get())) == 0 &&
          hashes_to(algorithm, name, name_hash) && hashes_to(algorithm, key, key_hash))
        return single;
    }
    return nullptr;
  }
  /// By the CA itself, or by a responder whose certificate the CA has signed for that.
  [[nodiscard]] bool is_signed(const RevocationQuestion& question) const {
    const CertificateInfo issuer = parse_certificate(question.issuer);
    if (is_signed_by(der_, issuer.spki)) return true;
    const STACK_OF(X509)* included = OCSP_resp_get0_certs(basic_.get());
    const int count = std::min(sk_X509_num(included), kMaxCertificates);
    for (int i = 0; i < count; ++i) {
      const CertificateInfo responder =
          parse_certificate(to_der(sk_X509_value(included, i), i2d_X509));
      const bool may = std::ranges::find(responder.extended_usage, kOcspSigning) !=
                       responder.extended_usage.end();
      if (may && produced_ >= responder.not_before && produced_ <= responder.not_after &&
          responder.issuer == issuer.subject && is_signed_by(responder.der, issuer.spki) &&
          is_signed_by(der_, responder.spki))
        return true;
    }
    return false;
  }

  BasicPtr basic_;
  Bytes der_;
  std::time_t produced_ = 0;
};

}  // namespace

std::unique_ptr<RevocationSource> read_ocsp(const Bytes& file) {
  return std::make_unique<OcspAnswer>(file);
}

OcspRequest make_ocsp_request(const RevocationQuestion& question) {
  const X509Ptr certificate = x509_of(question.certificate);
  const X509Ptr issuer = x509_of(question.issuer);
  const RequestPtr request(OCSP_REQUEST_new());
  // SHA-1 is the hash that every responder takes here; nothing is protected by it.
  OCSP_CERTID* id = OCSP_cert_to_id(EVP_sha1(), certificate.get(), issuer.get());
  need_openssl(id != nullptr && OCSP_request_add0_id(request.get(), id) != nullptr, "OCSP");
  OcspRequest made;
  made.nonce.resize(kNonceSize);
  need_openssl(RAND_bytes(made.nonce.data(), kNonceSize) == 1 &&
                   OCSP_request_add1_nonce(request.get(), made.nonce.data(), kNonceSize) == 1,
               "OCSP");
  made.der = to_der(request.get(), i2d_OCSP_REQUEST);
  return made;
}

bool is_for_nonce(const Bytes& answer, const Bytes& nonce) {
  const BasicPtr basic = basic_of(answer);
  if (!basic) return false;
  const int at = OCSP_BASICRESP_get_ext_by_NID(basic.get(), NID_id_pkix_OCSP_Nonce, -1);
  if (at < 0) return true;
  const BytesView value = view_of(X509_EXTENSION_get_data(OCSP_BASICRESP_get_ext(basic.get(), at)));
  // An OCTET STRING inside, by the later standard; the bare bytes by the elder.
  return value.size() >= nonce.size() && std::ranges::equal(value.last(nonce.size()), nonce);
}

std::vector<std::string> ocsp_addresses(BytesView certificate) {
  const X509Ptr x509 = x509_of(certificate);
  std::vector<std::string> found;
  STACK_OF(OPENSSL_STRING)* addresses = X509_get1_ocsp(x509.get());
  for (int i = 0; i < sk_OPENSSL_STRING_num(addresses); ++i)
    found.emplace_back(sk_OPENSSL_STRING_value(addresses, i));
  X509_email_free(addresses);
  ERR_clear_error();
  return found;
}

}  // namespace kilt::tool
