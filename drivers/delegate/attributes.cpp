#include "drivers/delegate/attributes.h"

#include <algorithm>
#include <cstring>

#include "drivers/errors.h"

namespace kilt::delegate {

std::vector<CK_OBJECT_HANDLE> ForeignObjects::find(CK_OBJECT_CLASS object_class) const {
  Template wanted;
  wanted.number(CKA_CLASS, object_class).flag(CKA_TOKEN, true);
  check("C_FindObjectsInit",
        KILT_FOREIGN(*module_, C_FindObjectsInit)(session_, wanted.data(), wanted.size()));
  std::vector<CK_OBJECT_HANDLE> found;
  CK_RV rv = CKR_OK;
  while (found.size() < kMaxObjects) {
    std::vector<CK_OBJECT_HANDLE> batch(64);
    CK_ULONG count = 0;
    rv = KILT_FOREIGN(*module_, C_FindObjects)(session_, batch.data(), batch.size(), &count);
    if (rv != CKR_OK || count == 0 || count > batch.size()) break;
    found.insert(found.end(), batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(count));
  }
  const CK_RV end = KILT_FOREIGN(*module_, C_FindObjectsFinal)(session_);
  check("C_FindObjects", rv);
  check("C_FindObjectsFinal", end);
  // The same object twice would be listed twice; 0 is no handle.
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  std::erase(found, CK_OBJECT_HANDLE{0});
  return found;
}

std::optional<Bytes> ForeignObjects::bytes(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
  const auto get = KILT_FOREIGN(*module_, C_GetAttributeValue);
  CK_ATTRIBUTE wanted{type, nullptr, 0};
  if (get(session_, object, &wanted, 1) != CKR_OK || wanted.type != type ||
      wanted.ulValueLen > kMaxValue)
    return std::nullopt;
  Bytes value(wanted.ulValueLen);
  const std::size_t room = value.size();
  if (room == 0) return value;
  wanted.pValue = value.data();
  if (get(session_, object, &wanted, 1) != CKR_OK || wanted.ulValueLen > room ||
      wanted.pValue != value.data())
    return std::nullopt;
  value.resize(wanted.ulValueLen);
  return value;
}

std::optional<CK_ULONG> ForeignObjects::number(CK_OBJECT_HANDLE object,
                                               CK_ATTRIBUTE_TYPE type) const {
  const auto value = bytes(object, type);
  if (!value || value->size() != sizeof(CK_ULONG)) return std::nullopt;
  CK_ULONG number = 0;
  std::memcpy(&number, value->data(), sizeof number);
  return number;
}

std::optional<std::vector<CK_ULONG>> ForeignObjects::numbers(CK_OBJECT_HANDLE object,
                                                             CK_ATTRIBUTE_TYPE type) const {
  const auto value = bytes(object, type);
  if (!value || value->empty() || value->size() % sizeof(CK_ULONG) != 0) return std::nullopt;
  std::vector<CK_ULONG> numbers(value->size() / sizeof(CK_ULONG));
  std::memcpy(numbers.data(), value->data(), value->size());
  return numbers;
}

bool ForeignObjects::flag(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, bool otherwise) const {
  const auto value = bytes(object, type);
  if (!value || value->size() != 1) return otherwise;
  return value->front() != CK_FALSE;
}

std::string ForeignObjects::text(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
  constexpr std::size_t kMaxText = 255;
  const auto value = bytes(object, type);
  std::string text;
  if (!value) return text;
  for (const Byte byte : BytesView(*value).first(std::min(value->size(), kMaxText)))
    text.push_back(byte < 0x20 || byte == 0x7F ? '?' : static_cast<char>(byte));
  return text;
}

Template& Template::add(CK_ATTRIBUTE_TYPE type, BytesView value) {
  types_.push_back(type);
  values_.push_back(to_bytes(value));
  return *this;
}

Template& Template::number(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
  Bytes bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return add(type, bytes);
}

Template& Template::numbers(CK_ATTRIBUTE_TYPE type, const std::vector<CK_ULONG>& values) {
  Bytes bytes(values.size() * sizeof(CK_ULONG));
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return add(type, bytes);
}

Template& Template::flag(CK_ATTRIBUTE_TYPE type, bool value) {
  return add(type, Bytes{static_cast<Byte>(value ? CK_TRUE : CK_FALSE)});
}

Template& Template::text(CK_ATTRIBUTE_TYPE type, const std::string& value) {
  return add(type, to_bytes(std::string_view(value)));
}

CK_ATTRIBUTE* Template::data() {
  list_.clear();
  for (std::size_t i = 0; i < types_.size(); ++i)
    list_.push_back({types_[i], values_[i].data(), values_[i].size()});
  return list_.data();
}

}  // namespace kilt::delegate
