// Searching for objects (PKCS#11 v2.40 base, 5.7): C_FindObjectsInit, C_FindObjects, …Final.
#include <algorithm>

#include "drivers/errors.h"
#include "pkcs11/entry.h"
#include "pkcs11/kilt.h"
#include "pkcs11/template.h"

using namespace kilt;
using namespace kilt::p11;

namespace {

/// Attributes that every driver's list brings without a further APDU, most selective first.
constexpr std::array kCheap{CKA_CLASS, CKA_TOKEN, CKA_PRIVATE, CKA_KEY_TYPE, CKA_CERTIFICATE_TYPE,
                            CKA_ID,    CKA_LABEL};

bool same(Object& object, CK_ATTRIBUTE_TYPE type, const Bytes& wanted, Loader& loader) {
  const AttributeValue value = object.attribute(type, loader);
  return value.kind == AttributeValue::Kind::kValue && value.value == wanted;
}

/// Asks the cheap attributes first, so that a value is read from the token only for objects that
/// agree in all the rest.
bool matches(Object& object, const Template& wanted, Loader& loader) {
  for (const CK_ATTRIBUTE_TYPE type : kCheap)
    if (const Bytes* value = wanted.find(type); value && !same(object, type, *value, loader))
      return false;
  return std::ranges::all_of(wanted.all(), [&](const auto& attribute) {
    return std::ranges::find(kCheap, attribute.first) != kCheap.end() ||
           same(object, attribute.first, attribute.second, loader);
  });
}

/// An object that cannot be read now, or is no longer there, is not what is searched for: it must
/// not hide the others.
bool is_found(Object& object, const Template& wanted, Loader& loader) {
  try {
    return matches(object, wanted, loader);
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    return false;
  }
}

/// Hardware features are found only by those who ask for their class (PKCS#11 v2.40 base, 4.3), and
/// that costs no listing of the token. So are profiles: the standard leaves it open, and programs
/// older than v3.0 stop at a class they do not know.
std::vector<std::pair<Handle, ObjectPtr>> candidates(Session& session, const Template& wanted) {
  const auto asked = wanted.number(CKA_CLASS);
  if (asked == CKO_HW_FEATURE) {
    if (wanted.has(CKA_KILT_ASKED_ANEW)) session.slot().objects().ask_anew();
    return {session.slot().objects().status_object()};
  }
  const bool profiles = asked == CKO_PROFILE || wanted.has(CKA_PROFILE_ID);
  auto all = session.all_objects();
  std::erase_if(all, [&](const auto& one) {
    const CK_OBJECT_CLASS object_class = one.second->object_class();
    return object_class == CKO_HW_FEATURE || (object_class == CKO_PROFILE && !profiles);
  });
  return all;
}

}  // namespace

CK_RV C_FindObjectsInit(CK_SESSION_HANDLE handle, CK_ATTRIBUTE* attributes, CK_ULONG count) {
  return session_entry(__func__, handle, [&](Session& session) {
    refuse_if(session.find.has_value(), CKR_OPERATION_ACTIVE);
    const Template wanted(attributes, count);
    FindOperation operation;
    for (const auto& [object_handle, object] : candidates(session, wanted))
      if (is_found(*object, wanted, session.slot().objects()))
        operation.found.push_back(object_handle);
    session.find = std::move(operation);
  });
}

CK_RV C_FindObjects(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE* objects, CK_ULONG max_count,
                    CK_ULONG* count) {
  return session_entry(__func__, handle, [&](Session& session) {
    refuse_if(!session.find, CKR_OPERATION_NOT_INITIALIZED);
    need_pointer(count);
    refuse_if(objects == nullptr && max_count != 0, CKR_ARGUMENTS_BAD);
    FindOperation& find = *session.find;
    const CK_ULONG left = find.found.size() - find.given;
    *count = std::min(left, max_count);
    if (*count == 0) return;
    std::copy_n(find.found.begin() + static_cast<std::ptrdiff_t>(find.given), *count, objects);
    find.given += *count;
  });
}

CK_RV C_FindObjectsFinal(CK_SESSION_HANDLE handle) {
  return session_entry(__func__, handle, [](Session& session) {
    refuse_if(!session.find, CKR_OPERATION_NOT_INITIALIZED);
    session.find.reset();
  });
}
