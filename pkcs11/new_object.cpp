#include "pkcs11/new_object.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "drivers/crypto/spki.h"
#include "drivers/crypto/x509.h"
#include "pkcs11/certificate_object.h"
#include "pkcs11/data_object.h"
#include "pkcs11/key_template.h"
#include "pkcs11/new_session_object.h"

namespace kilt::p11 {
namespace {

/// Of the standard, whose attributes lie below 0x800 but for arrays, or a vendor's, which is let be
/// (PKCS#11 v3.2, 4.1.1).
bool may_exist(CK_ATTRIBUTE_TYPE type) {
  constexpr CK_ATTRIBUTE_TYPE kEnd = 0x800;
  return (type & ~CKF_ARRAY_ATTRIBUTE) < kEnd || (type & CKA_VENDOR_DEFINED) != 0;
}

/// What the template may ask and the token may not give: the object says so afterwards.
bool is_permission(CK_ATTRIBUTE_TYPE type) {
  static constexpr std::array kTypes{CKA_SIGN,   CKA_SIGN_RECOVER,   CKA_DECRYPT, CKA_UNWRAP,
                                     CKA_VERIFY, CKA_VERIFY_RECOVER, CKA_ENCRYPT, CKA_WRAP,
                                     CKA_DERIVE, CKA_COPYABLE};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

/// What is judged where it is read, or not the application's to say: names, values, and a
/// certificate's fields, for which the certificate itself counts.
bool is_judged_elsewhere(CK_ATTRIBUTE_TYPE type) {
  static constexpr std::array kTypes{CKA_ID,
                                     CKA_SUBJECT,
                                     CKA_ISSUER,
                                     CKA_SERIAL_NUMBER,
                                     CKA_VALUE,
                                     CKA_MODULUS,
                                     CKA_PUBLIC_EXPONENT,
                                     CKA_PRIVATE_EXPONENT,
                                     CKA_PRIME_1,
                                     CKA_PRIME_2,
                                     CKA_EXPONENT_1,
                                     CKA_EXPONENT_2,
                                     CKA_COEFFICIENT,
                                     CKA_EC_PARAMS,
                                     CKA_EC_POINT,
                                     CKA_GOSTR3410_PARAMS,
                                     CKA_GOSTR3411_PARAMS,
                                     CKA_PUBLIC_KEY_INFO,
                                     CKA_CERTIFICATE_CATEGORY,
                                     CKA_LABEL};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

/// A limit is kept or refused, never taken and dropped: `made` is the object as it will be, and
/// shows each attribute of the template as the template has it.
void refuse_unkept(Session& session, const Template& wanted, Object& made) {
  // What a public half does, anybody does with its numbers: it follows from the private one.
  const bool public_half = made.object_class() == CKO_PUBLIC_KEY;
  for (const auto& [type, value] : wanted.all()) {
    if ((type & CKA_VENDOR_DEFINED) != 0 || is_judged_elsewhere(type)) continue;
    if (public_half && is_permission(type)) continue;
    const AttributeValue as = made.attribute(type, session.slot().objects());
    const bool kept = as.kind == AttributeValue::Kind::kValue && as.value == value;
    if (kept || (is_permission(type) && to_bool(value) == true)) continue;
    refuse_if(as.kind == AttributeValue::Kind::kInvalid && !is_permission(type),
              CKR_ATTRIBUTE_TYPE_INVALID);
    refuse_if(as.kind == AttributeValue::Kind::kValue && as.value.size() != value.size() &&
                  !value.empty() && !as.value.empty(),
              CKR_ATTRIBUTE_VALUE_INVALID);
    if (as.kind == AttributeValue::Kind::kInvalid) continue;  // a use it does not have, not asked
    throw Refusal(
        CKR_TEMPLATE_INCONSISTENT,
        fmt::format("the token cannot keep attribute 0x{:X} as the template has it", type));
  }
}

/// What every new object ends with: written in one transaction, then listed again. A login
/// that is missing is the answer before the token has a chance to complain of something else: it
/// may be full, say.
template <typename Write>
ObjectRef store(Session& session, bool is_private, Write write) {
  Slot& slot = session.slot();
  return slot.objects().make_object([&](Token& token) {
    if (is_private && token.info().login_required && slot.login() != PinRole::kUser)
      throw NotLoggedIn();
    return write(token);
  });
}

struct FoundKey {
  Handle handle = 0;
  std::shared_ptr<KeyObject> key;
};
/// The token's key with this public half; nothing if there is none.
FoundKey key_with(Session& session, CK_OBJECT_CLASS object_class, BytesView public_key_bits) {
  if (public_key_bits.empty()) return {};
  Loader& loader = session.slot().objects();
  // A copy: reading a public half may find that the card was reset, and the list with it.
  for (const auto& [handle, object] : session.all_objects()) {
    const auto key = std::dynamic_pointer_cast<KeyObject>(object);
    if (key == nullptr || key->object_class() != object_class || !key->key().has_private) continue;
    try {
      if (equal(crypto::public_key_bits(key->public_key(loader)), public_key_bits))
        return {handle, key};
    } catch (const NotSupported&) {
      continue;  // a key that does not give its public half
    }
  }
  return {};
}

Handle create_certificate(Session& session, const Template& wanted) {
  const Bytes& der = wanted.need(CKA_VALUE);
  if (!x509::is_certificate(der))
    throw Refusal(CKR_ATTRIBUTE_VALUE_INVALID, "CKA_VALUE is not one X.509 certificate");
  Certificate certificate;
  certificate.der = der;
  certificate.id = wanted.bytes(CKA_ID);
  certificate.label = wanted.text(CKA_LABEL);
  certificate.is_private = wanted.flag(CKA_PRIVATE).value_or(false);
  certificate.authority = wanted.number(CKA_CERTIFICATE_CATEGORY) == 2UL;
  CertificateObject made(certificate);
  refuse_unkept(session, wanted, made);
  if (certificate.id.empty()) {
    // The id of its key, else the one that the key would get (design decision 18).
    const auto key = key_with(session, CKO_PRIVATE_KEY, x509::public_key_bits(der)).key;
    if (key) certificate.id = key->key().id;
    if (certificate.id.empty()) certificate.id = x509::key_identifier(der);
  }
  const ObjectRef ref = store(session, certificate.is_private, [&](Token& token) {
    return token.write_certificate(certificate, der);
  });
  return session.slot().objects().handle_of(CKO_CERTIFICATE, ref);
}

Handle create_data(Session& session, const Template& wanted) {
  DataObject data;
  data.label = wanted.text(CKA_LABEL);
  data.application = wanted.text(CKA_APPLICATION);
  data.oid = wanted.bytes(CKA_OBJECT_ID);
  data.is_private = wanted.flag(CKA_PRIVATE).value_or(true);
  DataObjectView made(data);
  refuse_unkept(session, wanted, made);
  const ObjectRef ref = store(session, data.is_private, [&](Token& token) {
    return token.write_data(data, wanted.bytes(CKA_VALUE));
  });
  return session.slot().objects().handle_of(CKO_DATA, ref);
}

/// The key that will be, as far as it is known beforehand.
Key key_of(const KeySpec& spec, bool local) {
  Key key;
  key.type = spec.type;
  key.bits = spec.bits;
  key.id = spec.id;
  key.label = spec.label;
  key.usage = spec.usage;
  key.always_authenticate = spec.always_authenticate;
  key.local = key.never_extractable = key.always_sensitive = local;
  key.allowed_mechanisms = spec.allowed_mechanisms;
  key.subject = spec.subject;
  return key;
}

void refuse_unkept(Session& session, const KeySpec& spec, const Template& half, bool is_private,
                   bool local) {
  KeyObject made(key_of(spec, local), is_private);
  refuse_unkept(session, half, made);
  const Capabilities& can = session.slot().capabilities();
  if (!spec.subject.empty() && !can.keeps_subjects)
    throw Refusal(CKR_TEMPLATE_INCONSISTENT, "the token keeps no CKA_SUBJECT with a key");
  if (spec.allowed_mechanisms && !can.limits_mechanisms)
    throw Refusal(CKR_TEMPLATE_INCONSISTENT, "the token keeps no CKA_ALLOWED_MECHANISMS");
}

Handle import_private_key(Session& session, const Template& wanted) {
  session.slot().capabilities().require(Function::kImportKey);
  auto [spec, key] = private_key_of(wanted);
  refuse_unkept(session, spec, wanted, true, false);
  const auto& rsa = std::get<RsaPrivateKey>(key);
  if (spec.id.empty()) spec.id = crypto::key_id(RsaPublicKey{rsa.modulus, rsa.public_exponent});
  const ObjectRef ref =
      store(session, true, [&](Token& token) { return token.import_key(spec, key); });
  return session.slot().objects().handle_of(CKO_PRIVATE_KEY, ref);
}

/// A public key is on the token as soon as its private half is.
Handle find_public_key(Session& session, const Template& wanted) {
  const PublicKey key = SessionObject(wanted.all()).public_key();
  refuse_if(!wanted.has(CKA_KEY_TYPE) || std::holds_alternative<std::monostate>(key),
            CKR_TEMPLATE_INCOMPLETE);
  const FoundKey found = key_with(session, CKO_PUBLIC_KEY, crypto::public_key_bits(key));
  if (found.key == nullptr)
    throw Refusal(CKR_TEMPLATE_INCONSISTENT,
                  "the token keeps a public key only beside its private one");
  return found.handle;
}

}  // namespace

Handle create_object(Session& session, const Template& wanted) {
  for (const auto& [type, value] : wanted.all())
    refuse_if(!may_exist(type), CKR_ATTRIBUTE_TYPE_INVALID);
  refuse_if(wanted.has(CKA_UNIQUE_ID), CKR_ATTRIBUTE_READ_ONLY);  // ours to give (4.4.1)
  refuse_if(!wanted.has(CKA_CLASS), CKR_TEMPLATE_INCOMPLETE);
  const CK_OBJECT_CLASS object_class = *wanted.number(CKA_CLASS);
  if (!wanted.flag(CKA_TOKEN).value_or(false)) return create_session_object(session, wanted);
  refuse_if(!session.read_write(), CKR_SESSION_READ_ONLY);
  switch (object_class) {
    case CKO_CERTIFICATE:
      return create_certificate(session, wanted);
    case CKO_DATA:
      return create_data(session, wanted);
    case CKO_PRIVATE_KEY:
      return import_private_key(session, wanted);
    case CKO_PUBLIC_KEY:
      return find_public_key(session, wanted);
    default:
      throw Refusal(CKR_TEMPLATE_INCONSISTENT, "the token keeps certificates, data and key pairs");
  }
}

NewPair generate_pair(Session& session, const Mechanism& mechanism, const Template& public_half,
                      const Template& private_half) {
  Slot& slot = session.slot();
  const KeySpec spec = key_spec(mechanism, public_half, private_half);
  refuse_if(!session.read_write(), CKR_SESSION_READ_ONLY);
  refuse_unkept(session, spec, public_half, false, true);
  refuse_unkept(session, spec, private_half, true, true);
  if (!spec.replace.empty() && !slot.capabilities().replaces_keys)
    throw NotSupported("this token makes new keys beside the old ones and replaces none");
  const ObjectRef ref =
      store(session, true, [&](Token& token) { return token.generate_key(spec); });
  return {slot.objects().handle_of(CKO_PUBLIC_KEY, ref),
          slot.objects().handle_of(CKO_PRIVATE_KEY, ref)};
}

}  // namespace kilt::p11
