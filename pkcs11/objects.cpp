// Object management (PKCS#11 v2.40 base, 5.7).
#include <algorithm>

#include "pkcs11/entry.h"
#include "pkcs11/new_object.h"
#include "pkcs11/new_session_object.h"
#include "pkcs11/object_change.h"
#include "pkcs11/template.h"

using namespace kilt;
using namespace kilt::p11;

namespace {

CK_ATTRIBUTE* checked(CK_ATTRIBUTE* attributes, CK_ULONG count) {
  refuse_if(attributes == nullptr || count == 0 || count > 4096, CKR_ARGUMENTS_BAD);
  return attributes;
}

/// Fills one attribute of the application's array; gives the code this attribute alone deserves.
CK_RV give(const AttributeValue& value, CK_ATTRIBUTE& target) {
  if (value.kind != AttributeValue::Kind::kValue) {
    target.ulValueLen = CK_UNAVAILABLE_INFORMATION;
    return value.kind == AttributeValue::Kind::kSensitive ? CKR_ATTRIBUTE_SENSITIVE
                                                          : CKR_ATTRIBUTE_TYPE_INVALID;
  }
  const CK_ULONG room = target.ulValueLen;
  target.ulValueLen = value.value.size();
  if (target.pValue == nullptr) return CKR_OK;
  if (room < value.value.size()) {
    target.ulValueLen = CK_UNAVAILABLE_INFORMATION;
    return CKR_BUFFER_TOO_SMALL;
  }
  std::ranges::copy(value.value, static_cast<Byte*>(target.pValue));
  return CKR_OK;
}

/// Bytes of what is public about an object: its value, or all that a session object holds. Nothing
/// for a private key, a hidden secret, and what is not stored at all.
std::optional<CK_ULONG> size_of(Object& object, Loader& loader) {
  if (const auto* own = dynamic_cast<const SessionObject*>(&object)) {
    if (own->attribute(CKA_VALUE).kind == AttributeValue::Kind::kSensitive) return std::nullopt;
    CK_ULONG size = 0;
    for (const auto& [type, value] : own->attributes()) size += value.size();
    return size;
  }
  CK_ATTRIBUTE_TYPE type = CKA_VALUE;
  switch (object.object_class()) {
    case CKO_CERTIFICATE:
    case CKO_DATA:
      break;
    case CKO_PUBLIC_KEY:
      type = CKA_PUBLIC_KEY_INFO;
      break;
    default:
      return std::nullopt;
  }
  const AttributeValue value = object.attribute(type, loader);
  if (value.kind != AttributeValue::Kind::kValue) return std::nullopt;
  return value.value.size();
}

/// The handle must be an object that may be written in this session.
ObjectPtr writable(Session& session, CK_OBJECT_HANDLE handle) {
  ObjectPtr object = session.object(handle, CKR_OBJECT_HANDLE_INVALID);
  refuse_if(object->on_token() && !session.read_write(), CKR_SESSION_READ_ONLY);
  return object;
}

}  // namespace

CK_RV C_CreateObject(CK_SESSION_HANDLE handle, CK_ATTRIBUTE* attributes, CK_ULONG count,
                     CK_OBJECT_HANDLE* object) {
  return session_entry(__func__, handle, [&](Session& session) {
    need_pointer(object);
    const Template wanted(checked(attributes, count), count);
    *object = create_object(session, wanted);
  });
}

CK_RV C_CopyObject(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ATTRIBUTE* attributes,
                   CK_ULONG count, CK_OBJECT_HANDLE* new_object) {
  return session_entry(__func__, handle, [&](Session& session) {
    const ObjectPtr source = session.object(object, CKR_OBJECT_HANDLE_INVALID);
    need_pointer(new_object);
    const Template changes(attributes, count);
    const auto* own = dynamic_cast<const SessionObject*>(source.get());
    refuse_if(own == nullptr, CKR_ACTION_PROHIBITED);  // token objects say CKA_COPYABLE = false
    *new_object = create_object(session, copied(*own, changes));
  });
}

CK_RV C_DestroyObject(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object) {
  return session_entry(__func__, handle, [&](Session& session) {
    const ObjectPtr target = writable(session, object);
    if (dynamic_cast<const SessionObject*>(target.get()) != nullptr)
      destroy_session_object(session, object);
    else
      destroy_token_object(session, *target);
  });
}

CK_RV C_GetObjectSize(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ULONG* size) {
  return session_entry(__func__, handle, [&](Session& session) {
    const ObjectPtr source = session.object(object, CKR_OBJECT_HANDLE_INVALID);
    need_pointer(size);
    *size = CK_UNAVAILABLE_INFORMATION;
    const auto known = size_of(*source, session.slot().objects());
    if (!known) throw Refusal(CKR_INFORMATION_SENSITIVE, "the size of this object is not told");
    *size = *known;
  });
}

CK_RV C_GetAttributeValue(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object,
                          CK_ATTRIBUTE* attributes, CK_ULONG count) {
  return session_entry(__func__, handle, [&](Session& session) {
    const ObjectPtr source = session.object(object, CKR_OBJECT_HANDLE_INVALID);
    CK_RV rv = CKR_OK;
    for (CK_ATTRIBUTE& attribute : std::span(checked(attributes, count), count)) {
      const AttributeValue value = source->attribute(attribute.type, session.slot().objects());
      if (const CK_RV one = give(value, attribute); one != CKR_OK) rv = one;
    }
    refuse_if(rv != CKR_OK, rv);
  });
}

CK_RV C_SetAttributeValue(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object,
                          CK_ATTRIBUTE* attributes, CK_ULONG count) {
  return session_entry(__func__, handle, [&](Session& session) {
    const ObjectPtr target = writable(session, object);
    const Template changes(checked(attributes, count), count);
    if (auto* own = dynamic_cast<SessionObject*>(target.get()))
      change_session_object(*own, changes);
    else
      change_token_object(session, *target, changes);
  });
}
