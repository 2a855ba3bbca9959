#include "pkcs11/template.h"

#include "pkcs11/object.h"

namespace kilt::p11 {
namespace {

constexpr CK_ULONG kMaxAttributes = 4096;
constexpr CK_ULONG kMaxValue = 1UL << 20;  // bytes; far more than any token holds

}  // namespace

Template::Template(const CK_ATTRIBUTE* attributes, CK_ULONG count) {
  refuse_if((attributes == nullptr && count != 0) || count > kMaxAttributes, CKR_ARGUMENTS_BAD);
  for (CK_ULONG i = 0; i < count; ++i) {
    const CK_ATTRIBUTE& attribute = attributes[i];
    refuse_if(attribute.pValue == nullptr && attribute.ulValueLen != 0,
              CKR_ATTRIBUTE_VALUE_INVALID);
    refuse_if(attribute.ulValueLen > kMaxValue, CKR_ATTRIBUTE_VALUE_INVALID);
    const auto* data = static_cast<const Byte*>(attribute.pValue);
    Bytes value;
    if (data != nullptr) value.assign(data, data + attribute.ulValueLen);
    const auto [entry, added] = values_.try_emplace(attribute.type, value);
    refuse_if(!added && entry->second != value, CKR_TEMPLATE_INCONSISTENT);
  }
}

const Bytes* Template::find(CK_ATTRIBUTE_TYPE type) const {
  const auto found = values_.find(type);
  return found == values_.end() ? nullptr : &found->second;
}

std::optional<CK_ULONG> Template::number(CK_ATTRIBUTE_TYPE type) const {
  const Bytes* value = find(type);
  if (value == nullptr) return std::nullopt;
  const auto number = to_ulong(*value);
  refuse_if(!number, CKR_ATTRIBUTE_VALUE_INVALID);
  return number;
}

std::optional<bool> Template::flag(CK_ATTRIBUTE_TYPE type) const {
  const Bytes* value = find(type);
  if (value == nullptr) return std::nullopt;
  const auto flag = to_bool(*value);
  refuse_if(!flag, CKR_ATTRIBUTE_VALUE_INVALID);
  return flag;
}

Bytes Template::bytes(CK_ATTRIBUTE_TYPE type) const {
  const Bytes* value = find(type);
  return value == nullptr ? Bytes{} : *value;
}

std::string Template::text(CK_ATTRIBUTE_TYPE type) const { return to_text(bytes(type)); }

const Bytes& Template::need(CK_ATTRIBUTE_TYPE type) const {
  const Bytes* value = find(type);
  refuse_if(value == nullptr, CKR_TEMPLATE_INCOMPLETE);
  return *value;
}

KeyUsage private_usage(const Template& attributes) {
  KeyUsage usage;
  usage.sign = attributes.flag(CKA_SIGN).value_or(false);
  usage.decrypt = attributes.flag(CKA_DECRYPT).value_or(false);
  usage.unwrap = attributes.flag(CKA_UNWRAP).value_or(false);
  usage.derive = attributes.flag(CKA_DERIVE).value_or(false);
  return usage;
}

}  // namespace kilt::p11
