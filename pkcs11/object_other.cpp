// Attributes of certificates (PKCS#11 v2.40, 4.6), data objects (4.5) and session objects.
#include <algorithm>
#include <cstring>

#include "apdu/tlv.h"
#include "pkcs11/object.h"
#include "pkcs11/unique_id.h"

namespace kilt::p11 {
namespace {

constexpr CK_ULONG kCategoryUser = 1;       // CK_CERTIFICATE_CATEGORY_TOKEN_USER
constexpr CK_ULONG kCategoryAuthority = 2;  // CK_CERTIFICATE_CATEGORY_AUTHORITY
constexpr std::size_t kCheckValueSize = 3;

}  // namespace

AttributeValue AttributeValue::of_bool(bool flag) {
  return of({static_cast<Byte>(flag ? CK_TRUE : CK_FALSE)});
}

AttributeValue AttributeValue::of_ulong(CK_ULONG number) {
  Bytes bytes(sizeof number);
  std::memcpy(bytes.data(), &number, sizeof number);
  return of(std::move(bytes));
}

std::optional<CK_ULONG> to_ulong(BytesView value) noexcept {
  CK_ULONG number = 0;
  if (value.size() != sizeof number) return std::nullopt;
  std::memcpy(&number, value.data(), sizeof number);
  return number;
}

std::optional<bool> to_bool(BytesView value) noexcept {
  if (value.size() != sizeof(CK_BBOOL)) return std::nullopt;
  return value.front() != CK_FALSE;
}

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
      Bytes value = host::digest(Hash::kSha1, der(loader));
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

const host::CertificateFields& CertificateObject::fields(Loader& loader) {
  if (!fields_) fields_ = host::parse_certificate(der(loader)).value_or(host::CertificateFields{});
  return *fields_;
}

AttributeValue DataObjectView::attribute(CK_ATTRIBUTE_TYPE type, Loader& loader) {
  switch (type) {
    case CKA_CLASS:
      return AttributeValue::of_ulong(CKO_DATA);
    case CKA_TOKEN:
      return AttributeValue::of_bool(true);
    case CKA_PRIVATE:
      return AttributeValue::of_bool(data_.is_private);
    case CKA_MODIFIABLE:
    case CKA_DESTROYABLE:
      return AttributeValue::of_bool(data_.modifiable);
    case CKA_COPYABLE:
      return AttributeValue::of_bool(false);
    case CKA_LABEL:
      return AttributeValue::of_text(data_.label);
    case CKA_UNIQUE_ID:
      return unique_id(loader, CKO_DATA, data_.ref, {});
    case CKA_APPLICATION:
      return AttributeValue::of_text(data_.application);
    case CKA_OBJECT_ID:
      return AttributeValue::of(data_.oid);
    case CKA_VALUE:
      if (!value_) value_ = loader.load_data(data_);
      return AttributeValue::of(*value_);
    default:
      return AttributeValue::invalid();
  }
}

const Bytes* SessionObject::find(CK_ATTRIBUTE_TYPE type) const {
  const auto found = attributes_.find(type);
  return found == attributes_.end() ? nullptr : &found->second;
}

CK_OBJECT_CLASS SessionObject::object_class() const {
  const Bytes* value = find(CKA_CLASS);
  return value == nullptr ? CKO_DATA : to_ulong(*value).value_or(CKO_DATA);
}

bool SessionObject::is_private() const {
  const Bytes* value = find(CKA_PRIVATE);
  return value != nullptr && to_bool(*value).value_or(true);
}

bool SessionObject::hides_value() const {
  if (object_class() != CKO_SECRET_KEY) return false;
  const Bytes* sensitive = find(CKA_SENSITIVE);
  const Bytes* extractable = find(CKA_EXTRACTABLE);
  return sensitive == nullptr || extractable == nullptr || to_bool(*sensitive) != false ||
         to_bool(*extractable) != true;
}

AttributeValue SessionObject::attribute(CK_ATTRIBUTE_TYPE type, Loader&) {
  if (type == CKA_VALUE && hides_value()) return AttributeValue::sensitive();
  if (const Bytes* value = find(type)) return AttributeValue::of(*value);
  if (type == CKA_TOKEN || type == CKA_PRIVATE) return AttributeValue::of_bool(false);
  if (type == CKA_MODIFIABLE || type == CKA_DESTROYABLE || type == CKA_COPYABLE)
    return AttributeValue::of_bool(true);
  if (type == CKA_LABEL || type == CKA_ID) return AttributeValue::of({});
  return AttributeValue::invalid();
}

PublicKey SessionObject::public_key() const {
  const Bytes* modulus = find(CKA_MODULUS);
  const Bytes* exponent = find(CKA_PUBLIC_EXPONENT);
  if (modulus != nullptr && exponent != nullptr) {
    const auto first = std::ranges::find_if(*modulus, [](Byte byte) { return byte != 0; });
    return RsaPublicKey{Bytes(first, modulus->end()), *exponent};
  }
  const Bytes* parameters = find(CKA_EC_PARAMS);
  const Bytes* point = find(CKA_EC_POINT);
  if (parameters == nullptr || point == nullptr) return std::monostate{};
  const auto inner = tlv::Reader(*point).next();
  if (!inner || inner->tag != 0x04) return std::monostate{};
  return EcPublicKey{*parameters, to_bytes(inner->value)};
}

}  // namespace kilt::p11
