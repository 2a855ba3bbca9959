#include "drivers/delegate/writer.h"

#include <algorithm>

#include "drivers/delegate/templates.h"
#include "drivers/errors.h"

namespace kilt::delegate {

CK_OBJECT_HANDLE Writer::create(Template& attributes) {
  CK_OBJECT_HANDLE handle = 0;
  check("C_CreateObject", KILT_FOREIGN(*module_, C_CreateObject)(session_, attributes.data(),
                                                                 attributes.size(), &handle));
  return handle;
}

void Writer::destroy(CK_OBJECT_HANDLE object) {
  if (object != 0)
    check("C_DestroyObject", KILT_FOREIGN(*module_, C_DestroyObject)(session_, object));
}

void Writer::change(CK_OBJECT_HANDLE object, const ObjectChange& what) {
  if (object == 0) return;
  Template changes;
  if (what.label) changes.text(CKA_LABEL, *what.label);
  if (what.id) changes.add(CKA_ID, *what.id);
  if (what.subject) changes.add(CKA_SUBJECT, *what.subject);
  if (changes.size() == 0) return;
  check("C_SetAttributeValue", KILT_FOREIGN(*module_, C_SetAttributeValue)(
                                   session_, object, changes.data(), changes.size()));
}

ObjectRef Writer::write_certificate(const Certificate& certificate, BytesView der) {
  Template attributes = certificate_template(certificate, der);
  return ref_of(CKO_CERTIFICATE, create(attributes));
}

ObjectRef Writer::write_data(const DataObject& object, BytesView value) {
  Template attributes;
  attributes.number(CKA_CLASS, CKO_DATA)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, object.is_private)
      .text(CKA_LABEL, object.label)
      .text(CKA_APPLICATION, object.application)
      .add(CKA_VALUE, value);
  if (!object.oid.empty()) attributes.add(CKA_OBJECT_ID, object.oid);
  return ref_of(CKO_DATA, create(attributes));
}

ObjectRef Writer::generate_key(const KeySpec& spec) {
  CK_MECHANISM mechanism = generation_mechanism(spec.type);
  Template public_half = public_template(spec), private_half = private_template(spec);
  add_generation(public_half, spec);
  KeyHandles halves;
  check("C_GenerateKeyPair",
        KILT_FOREIGN(*module_, C_GenerateKeyPair)(
            session_, &mechanism, public_half.data(), public_half.size(), private_half.data(),
            private_half.size(), &halves.public_half, &halves.private_half));
  if (spec.id.empty()) {
    ObjectChange id;
    id.id = key_identifier(public_key({*module_, session_}, halves, spec.type));
    change(halves.private_half, id);
    change(halves.public_half, id);
  }
  return ref_of(CKO_PRIVATE_KEY, halves.private_half);
}

ObjectRef Writer::import_key(const KeySpec& spec, const RsaPrivateKey& key) {
  KeySpec named = spec;
  if (named.id.empty()) named.id = key_identifier(RsaPublicKey{key.modulus, key.public_exponent});
  Template public_half = public_template(named), private_half = private_template(named);
  add_rsa_key(public_half, private_half, key);
  const CK_OBJECT_HANDLE handle = create(private_half);
  try {
    create(public_half);
  } catch (const Error&) {
    destroy(handle);
    throw;
  }
  return ref_of(CKO_PRIVATE_KEY, handle);
}

void Writer::change_key(const ObjectRef& ref, const ObjectChange& what) {
  const KeyHandles halves = objects_->key({*module_, session_}, ref);
  const ObjectList& list = objects_->list();
  const auto key = std::ranges::find(list.keys, ref, &Key::ref);
  const Bytes id = key == list.keys.end() ? Bytes{} : key->id;
  change(halves.private_half, what);
  ObjectChange public_change = what;
  public_change.subject.reset();
  change(halves.public_half, public_change);
  if (!what.id || id.empty()) return;
  ObjectChange id_only;
  id_only.id = what.id;
  for (const Certificate& certificate : list.certificates)
    if (certificate.id == id) change(handle_of(certificate.ref, CKO_CERTIFICATE), id_only);
}

void Writer::change_certificate(const ObjectRef& ref, const ObjectChange& what) {
  change(handle_of(ref, CKO_CERTIFICATE), what);
}

void Writer::change_data(const ObjectRef& ref, const ObjectChange& what) {
  ObjectChange label_only;
  label_only.label = what.label;
  change(handle_of(ref, CKO_DATA), label_only);
}

void Writer::delete_key(const ObjectRef& ref, KeyHalf half) {
  const KeyHandles halves = objects_->key({*module_, session_}, ref);
  const CK_OBJECT_HANDLE object =
      half == KeyHalf::kPrivate ? halves.private_half : halves.public_half;
  if (object == 0) throw ObjectNotFound("the token has no such half of this key");
  destroy(object);
  objects_->forget_key(ref);
}

void Writer::delete_certificate(const ObjectRef& ref) { destroy(handle_of(ref, CKO_CERTIFICATE)); }

void Writer::delete_data(const ObjectRef& ref) { destroy(handle_of(ref, CKO_DATA)); }

}  // namespace kilt::delegate
