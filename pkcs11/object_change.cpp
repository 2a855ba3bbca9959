// Changing and destroying token objects. The handle's object only: what another program put in its
// place is not touched, nor is the other half of a key pair (design decision 23).
#include "pkcs11/object_change.h"

namespace kilt::p11 {
namespace {

/// A private key keeps a name beside that of its certificate: NSS sets it.
bool changes_subject(const Object& object, const Template& changes) {
  return changes.has(CKA_SUBJECT) && object.object_class() == CKO_PRIVATE_KEY;
}

/// Everything else must already be as the application wishes it.
void refuse_other_changes(Session& session, Object& object, const Template& changes) {
  for (const auto& [type, value] : changes.all()) {
    if (type == CKA_LABEL || (type == CKA_ID && object.object_class() != CKO_DATA) ||
        (type == CKA_SUBJECT && changes_subject(object, changes)))
      continue;
    const AttributeValue now = object.attribute(type, session.slot().objects());
    refuse_if(now.kind == AttributeValue::Kind::kInvalid, CKR_ATTRIBUTE_TYPE_INVALID);
    refuse_if(now.kind != AttributeValue::Kind::kValue || now.value != value,
              CKR_ATTRIBUTE_READ_ONLY);
  }
}

}  // namespace

void destroy_token_object(Session& session, const Object& object) {
  session.slot().objects().change_object(
      object, [](Token& token, const Object& now) { now.destroy(token); });
}

void change_token_object(Session& session, Object& object, const Template& changes) {
  const AttributeValue modifiable = object.attribute(CKA_MODIFIABLE, session.slot().objects());
  // What is no storage object has no such attribute in the standard; ours says so all the same.
  const bool stored =
      object.object_class() != CKO_HW_FEATURE && object.object_class() != CKO_PROFILE;
  refuse_if(stored && to_bool(modifiable.value) == false, CKR_ACTION_PROHIBITED);
  refuse_other_changes(session, object, changes);
  ObjectChange change;
  if (changes.has(CKA_LABEL)) change.label = changes.text(CKA_LABEL);
  if (changes.has(CKA_ID)) change.id = changes.bytes(CKA_ID);
  if (changes_subject(object, changes)) {
    const Bytes name = changes.name(CKA_SUBJECT);
    if (object.attribute(CKA_SUBJECT, session.slot().objects()).value != name)
      change.subject = name;
  }
  if (!change.label && !change.id && !change.subject) return;
  if (change.subject && !session.slot().capabilities().keeps_subjects)
    throw Refusal(CKR_ATTRIBUTE_READ_ONLY, "the token keeps no CKA_SUBJECT with a key");
  session.slot().objects().change_object(
      object, [&](Token& token, const Object& now) { now.change(token, change); });
}

}  // namespace kilt::p11
