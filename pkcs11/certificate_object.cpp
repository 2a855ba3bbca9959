#include "pkcs11/certificate_object.h"

#include "drivers/crypto/hash.h"
#include "pkcs11/unique_id.h"

namespace kilt::p11 {
namespace {

constexpr CK_ULONG kCategoryUser = 1;       // CK_CERTIFICATE_CATEGORY_TOKEN_USER
constexpr CK_ULONG kCategoryAuthority = 2;  // CK_CERTIFICATE_CATEGORY_AUTHORITY
constexpr std::size_t kCheckValueSize = 3;

}  // namespace

AttributeValue CertificateObject::attribute(CK_ATTRIBUTE_TYPE type, Loader& loader) {
  switch (type) {
    case CKA_CLASS:
      return AttributeValue::of_ulong(CKO_CERTIFICATE);
    case CKA_TOKEN:
      return AttributeValue::of_bool(true);
    case CKA_PRIVATE:
      return AttributeValue::of_bool(certificate_.is_private);
    case CKA_MODIFIABLE:
    case CKA_DESTROYABLE:
      return AttributeValue::of_bool(certificate_.modifiable);
    case CKA_COPYABLE:
    case CKA_TRUSTED:
      return AttributeValue::of_bool(false);
    case CKA_LABEL:
      return AttributeValue::of_text(certificate_.label);
    case CKA_UNIQUE_ID:
      return unique_id(loader, CKO_CERTIFICATE, certificate_.ref, der(loader));
    case CKA_ID:
      return AttributeValue::of(certificate_.id);
    case CKA_CERTIFICATE_TYPE:
      return AttributeValue::of_ulong(CKC_X_509);
    case CKA_CERTIFICATE_CATEGORY:
      return AttributeValue::of_ulong(certificate_.authority ? kCategoryAuthority : kCategoryUser);
    case CKA_START_DATE:
    case CKA_END_DATE:
    case CKA_URL:
    case CKA_HASH_OF_SUBJECT_PUBLIC_KEY:
    case CKA_HASH_OF_ISSUER_PUBLIC_KEY:
      return AttributeValue::of({});
    case CKA_JAVA_MIDP_SECURITY_DOMAIN:
      return AttributeValue::of_ulong(0);
    case CKA_VALUE:
      return AttributeValue::of(der(loader));
    case CKA_CHECK_VALUE: {
      Bytes value = crypto::digest(Hash::kSha1, der(loader));
      value.resize(kCheckValueSize);
      return AttributeValue::of(std::move(value));
    }
    case CKA_SUBJECT:
      return AttributeValue::of(fields(loader).subject);
    case CKA_ISSUER:
      return AttributeValue::of(fields(loader).issuer);
    case CKA_SERIAL_NUMBER:
      return AttributeValue::of(fields(loader).serial);
    default:
      return AttributeValue::invalid();
  }
}

const Bytes& CertificateObject::der(Loader& loader) {
  if (!der_) der_ = certificate_.der ? *certificate_.der : loader.load_certificate(certificate_);
  return *der_;
}

const x509::Fields& CertificateObject::fields(Loader& loader) {
  if (!fields_) fields_ = x509::fields(der(loader)).value_or(x509::Fields{});
  return *fields_;
}

bool CertificateObject::is_still(Object& now, Loader& loader) {
  auto* certificate = dynamic_cast<CertificateObject*>(&now);
  if (certificate == nullptr) return false;
  if (!der_ && certificate_.der) der_ = certificate_.der;
  return der_ && *der_ == certificate->der(loader);
}

void CertificateObject::adopt(const Object& before) {
  const auto* certificate = dynamic_cast<const CertificateObject*>(&before);
  if (certificate == nullptr || der_) return;
  der_ = certificate->der_;
  fields_ = certificate->fields_;
}

}  // namespace kilt::p11
