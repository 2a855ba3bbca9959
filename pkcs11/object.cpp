#include "pkcs11/object.h"

#include <cstring>

#include "pkcs11/rv.h"

namespace kilt::p11 {

AttributeValue AttributeValue::of_bool(bool flag) {
  return of({static_cast<Byte>(flag ? CK_TRUE : CK_FALSE)});
}

AttributeValue AttributeValue::of_ulong(CK_ULONG number) {
  Bytes bytes(sizeof number);
  std::memcpy(bytes.data(), &number, sizeof number);
  return of(std::move(bytes));
}

AttributeValue AttributeValue::of_ulongs(const std::vector<CK_ULONG>& numbers) {
  Bytes bytes(numbers.size() * sizeof(CK_ULONG));
  if (!numbers.empty()) std::memcpy(bytes.data(), numbers.data(), bytes.size());
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

void Object::destroy(Token&) const { throw Refusal(CKR_ACTION_PROHIBITED); }
void Object::change(Token&, const ObjectChange&) const { throw Refusal(CKR_ATTRIBUTE_READ_ONLY); }

// Objects that the module makes itself are what they are.
bool Object::is_still(Object&, Loader&) { return true; }
void Object::adopt(const Object&) {}

}  // namespace kilt::p11
