#include "pkcs11/object_store.h"

#include <algorithm>
#include <array>

#include "pkcs11/key_template.h"

namespace kilt::p11 {
namespace {

constexpr std::size_t kMaxSessionObjects = 1000;

Handle keep_in_session(Session& session, SessionObject::Attributes attributes) {
  refuse_if(session.session_objects().size() >= kMaxSessionObjects, CKR_HOST_MEMORY);
  const Handle handle = session.slot().new_handle();
  // No handle is used twice, and no other application sees the object.
  attributes[CKA_UNIQUE_ID] = to_bytes("session-" + std::to_string(handle));
  session.session_objects().emplace(handle, std::make_shared<SessionObject>(std::move(attributes)));
  return handle;
}

/// Session objects: public keys to verify and encrypt with, certificates, data. A secret that
/// lives in the host is not what a token is for.
Handle create_in_session(Session& session, CK_OBJECT_CLASS object_class, const Template& wanted) {
  switch (object_class) {
    case CKO_PUBLIC_KEY:
      static_cast<void>(wanted.need(CKA_KEY_TYPE));
      static_cast<void>(wanted.number(CKA_KEY_TYPE));
      break;
    case CKO_CERTIFICATE:
      static_cast<void>(wanted.need(CKA_VALUE));
      break;
    case CKO_DATA:
      break;
    default:
      throw Refusal(CKR_TEMPLATE_INCONSISTENT, "only public objects can live in a session");
  }
  for (const CK_ATTRIBUTE_TYPE type : {CKA_TOKEN, CKA_PRIVATE, CKA_VERIFY, CKA_ENCRYPT})
    static_cast<void>(wanted.flag(type));
  SessionObject object(wanted.all());
  refuse_if(
      object_class == CKO_PUBLIC_KEY && std::holds_alternative<std::monostate>(object.public_key()),
      CKR_TEMPLATE_INCOMPLETE);
  return keep_in_session(session, wanted.all());
}

Handle create_certificate(Session& session, const Template& wanted) {
  Certificate certificate;
  const Bytes& der = wanted.need(CKA_VALUE);
  const auto fields = host::parse_certificate(der);
  if (!fields) throw Refusal(CKR_ATTRIBUTE_VALUE_INVALID, "CKA_VALUE holds no X.509 certificate");
  certificate.id = wanted.bytes(CKA_ID);
  certificate.label = wanted.text(CKA_LABEL);
  certificate.is_private = wanted.flag(CKA_PRIVATE).value_or(false);
  certificate.authority = wanted.number(CKA_CERTIFICATE_CATEGORY) == 2UL;
  const ObjectRef ref = session.slot().with_token(
      Repeat::kNever, [&](Token& token) { return token.write_certificate(certificate, der); });
  session.slot().objects_changed();
  return session.slot().handle_of(CKO_CERTIFICATE, ref);
}

Handle create_data(Session& session, const Template& wanted) {
  DataObject data;
  data.label = wanted.text(CKA_LABEL);
  data.application = wanted.text(CKA_APPLICATION);
  data.oid = wanted.bytes(CKA_OBJECT_ID);
  data.is_private = wanted.flag(CKA_PRIVATE).value_or(true);
  const ObjectRef ref = session.slot().with_token(Repeat::kNever, [&](Token& token) {
    return token.write_data(data, wanted.bytes(CKA_VALUE));
  });
  session.slot().objects_changed();
  return session.slot().handle_of(CKO_DATA, ref);
}

Handle import_private_key(Session& session, const Template& wanted) {
  const auto [spec, key] = private_key_of(wanted);
  const ObjectRef ref = session.slot().with_token(
      Repeat::kNever, [&](Token& token) { return token.import_key(spec, key); });
  session.slot().objects_changed();
  return session.slot().handle_of(CKO_PRIVATE_KEY, ref);
}

/// Of the standard, whose attributes lie below 0x800 but for arrays, or a vendor's, which is let be
/// (PKCS#11 v3.2, 4.1.1).
bool may_exist(CK_ATTRIBUTE_TYPE type) {
  constexpr CK_ATTRIBUTE_TYPE kEnd = 0x800;
  return (type & ~CKF_ARRAY_ATTRIBUTE) < kEnd || (type & CKA_VENDOR_DEFINED) != 0;
}

/// Ours to give (PKCS#11 v3.2, 4.4.1).
void refuse_unique_id(const Template& wanted) {
  refuse_if(wanted.has(CKA_UNIQUE_ID), CKR_ATTRIBUTE_READ_ONLY);
}

const ObjectRef* key_ref(const Object& object) {
  const auto* key = dynamic_cast<const KeyObject*>(&object);
  return key == nullptr ? nullptr : &key->key().ref;
}

/// Everything else must already be as the application wishes it.
void refuse_other_changes(Session& session, Object& object, const Template& changes) {
  for (const auto& [type, value] : changes.all()) {
    if (type == CKA_LABEL || (type == CKA_ID && object.object_class() != CKO_DATA)) continue;
    const AttributeValue now = object.attribute(type, session.slot().loader());
    refuse_if(now.kind == AttributeValue::Kind::kInvalid, CKR_ATTRIBUTE_TYPE_INVALID);
    refuse_if(now.kind != AttributeValue::Kind::kValue || now.value != value,
              CKR_ATTRIBUTE_READ_ONLY);
  }
}

}  // namespace

Handle create_object(Session& session, const Template& wanted) {
  for (const auto& [type, value] : wanted.all())
    refuse_if(!may_exist(type), CKR_ATTRIBUTE_TYPE_INVALID);
  refuse_unique_id(wanted);
  refuse_if(!wanted.has(CKA_CLASS), CKR_TEMPLATE_INCOMPLETE);
  const CK_OBJECT_CLASS object_class = *wanted.number(CKA_CLASS);
  if (!wanted.flag(CKA_TOKEN).value_or(false))
    return create_in_session(session, object_class, wanted);
  refuse_if(!session.read_write(), CKR_SESSION_READ_ONLY);
  switch (object_class) {
    case CKO_CERTIFICATE:
      return create_certificate(session, wanted);
    case CKO_DATA:
      return create_data(session, wanted);
    case CKO_PRIVATE_KEY:
      return import_private_key(session, wanted);
    default:
      throw Refusal(CKR_TEMPLATE_INCONSISTENT,
                    "the token keeps certificates, data and private keys; a public key comes "
                    "with its private one");
  }
}

Handle keep_secret(Session& session, const Template& wanted, BytesView value) {
  SessionObject::Attributes attributes = wanted.all();
  const auto say = [&](CK_ATTRIBUTE_TYPE type, const AttributeValue& said) {
    attributes[type] = said.value;
  };
  const bool sensitive = wanted.flag(CKA_SENSITIVE).value_or(true);
  const bool extractable = wanted.flag(CKA_EXTRACTABLE).value_or(false);
  say(CKA_CLASS, AttributeValue::of_ulong(CKO_SECRET_KEY));
  say(CKA_KEY_TYPE, AttributeValue::of_ulong(CKK_GENERIC_SECRET));
  say(CKA_VALUE_LEN, AttributeValue::of_ulong(value.size()));
  say(CKA_KEY_GEN_MECHANISM, AttributeValue::of_ulong(CK_UNAVAILABLE_INFORMATION));
  say(CKA_PRIVATE, AttributeValue::of_bool(true));
  say(CKA_SENSITIVE, AttributeValue::of_bool(sensitive));
  say(CKA_EXTRACTABLE, AttributeValue::of_bool(extractable));
  for (const CK_ATTRIBUTE_TYPE type :
       {CKA_LOCAL, CKA_COPYABLE, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE})
    say(type, AttributeValue::of_bool(false));
  attributes[CKA_VALUE] = to_bytes(value);
  return keep_in_session(session, std::move(attributes));
}

Handle copy_session_object(Session& session, const SessionObject& source, const Template& changes) {
  refuse_if(source.object_class() == CKO_SECRET_KEY, CKR_ACTION_PROHIBITED);
  refuse_unique_id(changes);
  refuse_if(changes.flag(CKA_TOKEN).value_or(false), CKR_TEMPLATE_INCONSISTENT);
  SessionObject::Attributes attributes = source.attributes();
  for (const auto& [type, value] : changes.all()) attributes[type] = value;
  return keep_in_session(session, std::move(attributes));
}

void change_session_object(SessionObject& object, const Template& changes) {
  static constexpr std::array kFixed{
      CKA_CLASS,    CKA_TOKEN,        CKA_PRIVATE,         CKA_UNIQUE_ID,       CKA_MODIFIABLE,
      CKA_LOCAL,    CKA_KEY_TYPE,     CKA_MODULUS,         CKA_PUBLIC_EXPONENT, CKA_EC_PARAMS,
      CKA_EC_POINT, CKA_MODULUS_BITS, CKA_CERTIFICATE_TYPE};
  const auto& now = object.attributes();
  const auto modifiable = now.find(CKA_MODIFIABLE);
  refuse_if(modifiable != now.end() && to_bool(modifiable->second) == false, CKR_ACTION_PROHIBITED);
  for (const auto& [type, value] : changes.all()) {
    const auto found = now.find(type);
    const bool same = found != now.end() && found->second == value;
    const bool fixed =
        std::ranges::find(kFixed, type) != kFixed.end() ||
        (type == CKA_VALUE && object.object_class() == CKO_CERTIFICATE) ||
        (object.object_class() == CKO_SECRET_KEY && type != CKA_LABEL && type != CKA_ID);
    refuse_if(fixed && !same, CKR_ATTRIBUTE_READ_ONLY);
  }
  for (const auto& [type, value] : changes.all()) object.set(type, value);
}

void destroy_token_object(Session& session, const Object& object) {
  session.slot().with_token(Repeat::kNever, [&](Token& token) {
    if (const ObjectRef* ref = key_ref(object))
      token.delete_key(*ref);
    else if (const auto* certificate = dynamic_cast<const CertificateObject*>(&object))
      token.delete_certificate(certificate->certificate().ref);
    else if (const auto* data = dynamic_cast<const DataObjectView*>(&object))
      token.delete_data(data->data().ref);
    else
      throw Refusal(CKR_ACTION_PROHIBITED);
  });
  session.slot().objects_changed();
}

void change_token_object(Session& session, Object& object, const Template& changes) {
  refuse_other_changes(session, object, changes);
  ObjectChange change;
  if (changes.has(CKA_LABEL)) change.label = changes.text(CKA_LABEL);
  if (changes.has(CKA_ID)) change.id = changes.bytes(CKA_ID);
  if (!change.label && !change.id) return;
  session.slot().with_token(Repeat::kNever, [&](Token& token) {
    if (const ObjectRef* ref = key_ref(object))
      token.change_key(*ref, change);
    else if (const auto* certificate = dynamic_cast<const CertificateObject*>(&object))
      token.change_certificate(certificate->certificate().ref, change);
    else if (const auto* data = dynamic_cast<const DataObjectView*>(&object))
      token.change_data(data->data().ref, change);
    else
      throw Refusal(CKR_ATTRIBUTE_READ_ONLY);
  });
  session.slot().objects_changed();
}

}  // namespace kilt::p11
