#include "tools/commands/cert_store.h"

#include <ctime>

#include "tools/terminal/text.h"

namespace kilt::tool {

CK_OBJECT_HANDLE write_certificate(Session& session, const CertificateInfo& certificate,
                                   const Bytes& id, const std::string& label) {
  const X509Ptr x509 = x509_of(certificate.der);
  const Bytes subject = to_der(X509_get_subject_name(x509.get()), i2d_X509_NAME);
  const Bytes issuer = to_der(X509_get_issuer_name(x509.get()), i2d_X509_NAME);
  Bytes serial = to_der(X509_get0_serialNumber(x509.get()), i2d_ASN1_INTEGER);
  Template object;
  object.number(CKA_CLASS, CKO_CERTIFICATE).number(CKA_CERTIFICATE_TYPE, CKC_X_509);
  object.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, false);
  object.bytes(CKA_ID, id).text(CKA_LABEL, label);
  object.bytes(CKA_SUBJECT, subject).bytes(CKA_ISSUER, issuer);
  object.bytes(CKA_SERIAL_NUMBER, serial).bytes(CKA_VALUE, certificate.der);
  if (certificate.authority) object.number(CKA_CERTIFICATE_CATEGORY, 2);
  return session.create(std::move(object));
}

const CertificateView* find_same(const Inventory& inventory, BytesView der) {
  for (const CertificateView& certificate : inventory.certificates)
    if (std::ranges::equal(certificate.der, der)) return &certificate;
  return nullptr;
}

void check_validity(const CertificateInfo& certificate) {
  const std::time_t now = std::time(nullptr);
  if (certificate.not_after < now)
    throw Failure(Kind::kBadInput,
                  tr("The certificate expired on {0}.", date(certificate.not_after)),
                  tr("--force stores it nevertheless."));
  if (certificate.not_before > now + 24L * 60 * 60)
    throw Failure(Kind::kBadInput,
                  tr("The certificate is not valid before {0}.", date(certificate.not_before)),
                  tr("Is the clock of this computer right? --force stores it nevertheless."));
}

}  // namespace kilt::tool
