#include "pkcs11/template.h"

#include <cstring>

#include "apdu/tlv.h"
#include "pkcs11/object.h"

namespace kilt::p11 {
namespace {

constexpr CK_ULONG kMaxAttributes = 4096;
constexpr CK_ULONG kMaxValue = CK_ULONG{1} << 20U;  // bytes; far more than any token holds

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

Bytes Template::name(CK_ATTRIBUTE_TYPE type) const {
  constexpr std::uint32_t kSequence = 0x30;
  Bytes value = bytes(type);
  if (value.empty()) return value;
  try {
    const auto name = tlv::Reader(value).next();
    if (name && name->tag == kSequence && name->encoded.size() == value.size()) return value;
  } catch (const MalformedAnswer&) {
    throw Refusal(CKR_ATTRIBUTE_VALUE_INVALID, "a name in the template is no DER");
  }
  throw Refusal(CKR_ATTRIBUTE_VALUE_INVALID, "a name in the template is not one DER SEQUENCE");
}

const Bytes& Template::need(CK_ATTRIBUTE_TYPE type) const {
  const Bytes* value = find(type);
  refuse_if(value == nullptr, CKR_TEMPLATE_INCOMPLETE);
  return *value;
}

std::optional<std::vector<CK_MECHANISM_TYPE>> allowed_mechanisms(const Template& attributes) {
  const Bytes* value = attributes.find(CKA_ALLOWED_MECHANISMS);
  if (value == nullptr || value->empty()) return std::nullopt;
  refuse_if(value->size() % sizeof(CK_MECHANISM_TYPE) != 0, CKR_ATTRIBUTE_VALUE_INVALID);
  std::vector<CK_MECHANISM_TYPE> types(value->size() / sizeof(CK_MECHANISM_TYPE));
  std::memcpy(types.data(), value->data(), value->size());
  return types;
}

}  // namespace kilt::p11
