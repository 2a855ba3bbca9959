#include "pkcs11/session_object.h"

#include <algorithm>

#include "apdu/tlv.h"

namespace kilt::p11 {

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

bool SessionObject::flag(CK_ATTRIBUTE_TYPE type, bool otherwise) const {
  const Bytes* value = find(type);
  return value == nullptr ? otherwise : to_bool(*value).value_or(otherwise);
}

BytesView SessionObject::secret() const {
  const Bytes* value = object_class() == CKO_SECRET_KEY ? find(CKA_VALUE) : nullptr;
  return value == nullptr ? BytesView() : BytesView(*value);
}

bool SessionObject::hides_value() const {
  return object_class() == CKO_SECRET_KEY &&
         (flag(CKA_SENSITIVE, true) || !flag(CKA_EXTRACTABLE, false));
}

AttributeValue SessionObject::attribute(CK_ATTRIBUTE_TYPE type) const {
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
