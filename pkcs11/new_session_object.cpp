#include "pkcs11/new_session_object.h"

#include <algorithm>
#include <array>

#include "drivers/crypto/x509.h"

namespace kilt::p11 {
namespace {

constexpr std::size_t kMaxSecret = 1024;  // bytes

Handle keep(Session& session, SessionObject::Attributes attributes) {
  Slot& slot = session.slot();
  const Handle handle = slot.new_handle();
  // No handle is used twice, and no other application sees the object.
  attributes[CKA_UNIQUE_ID] = to_bytes("session-" + std::to_string(handle));
  slot.session_objects().add(handle, session.handle(),
                             std::make_shared<SessionObject>(std::move(attributes)));
  return handle;
}

/// Whatever the class: values of the right length, and what only the SO may say.
void check_common(Session& session, const Template& wanted) {
  for (const CK_ATTRIBUTE_TYPE type :
       {CKA_TOKEN, CKA_PRIVATE, CKA_MODIFIABLE, CKA_COPYABLE, CKA_DESTROYABLE, CKA_VERIFY,
        CKA_ENCRYPT, CKA_WRAP, CKA_DERIVE})
    static_cast<void>(wanted.flag(type));
  refuse_if(wanted.flag(CKA_TRUSTED).value_or(false) && session.slot().login() != PinRole::kSo,
            CKR_ATTRIBUTE_READ_ONLY);
  refuse_if(wanted.flag(CKA_PRIVATE).value_or(false) && session.slot().login() != PinRole::kUser,
            CKR_USER_NOT_LOGGED_IN);
  static_cast<void>(allowed_mechanisms(wanted));
}

void check_public_key(const Template& wanted) {
  refuse_if(!wanted.has(CKA_KEY_TYPE), CKR_TEMPLATE_INCOMPLETE);
  const CK_ULONG type = *wanted.number(CKA_KEY_TYPE);
  const PublicKey key = SessionObject(wanted.all()).public_key();
  refuse_if(std::holds_alternative<std::monostate>(key), CKR_TEMPLATE_INCOMPLETE);
  refuse_if(type != (std::holds_alternative<RsaPublicKey>(key) ? CKK_RSA : CKK_EC),
            CKR_TEMPLATE_INCONSISTENT);
}

void fill_certificate(SessionObject::Attributes& attributes, const Template& wanted) {
  refuse_if(wanted.number(CKA_CERTIFICATE_TYPE).value_or(CKC_X_509) != CKC_X_509,
            CKR_TEMPLATE_INCONSISTENT);
  const auto fields = x509::fields(wanted.need(CKA_VALUE));
  if (!fields) throw Refusal(CKR_ATTRIBUTE_VALUE_INVALID, "CKA_VALUE is not one X.509 certificate");
  attributes[CKA_CERTIFICATE_TYPE] = AttributeValue::of_ulong(CKC_X_509).value;
  attributes.try_emplace(CKA_SUBJECT, fields->subject);
  attributes.try_emplace(CKA_ISSUER, fields->issuer);
  attributes.try_emplace(CKA_SERIAL_NUMBER, fields->serial);
}

struct SecretType {
  CK_KEY_TYPE type;
  std::array<std::size_t, 3> sizes;  ///< bytes; all zero: any
  bool cipher;                       ///< else for MACs and derivation
};
constexpr std::array kSecretTypes{SecretType{CKK_GENERIC_SECRET, {}, false},
                                  SecretType{CKK_AES, {16, 24, 32}, true},
                                  SecretType{CKK_DES3, {24, 24, 24}, true}};

const SecretType& secret_type(const Template& wanted) {
  refuse_if(wanted.number(CKA_CLASS).value_or(CKO_SECRET_KEY) != CKO_SECRET_KEY,
            CKR_TEMPLATE_INCONSISTENT);
  const CK_ULONG type = wanted.number(CKA_KEY_TYPE).value_or(CKK_GENERIC_SECRET);
  const auto row = std::ranges::find(kSecretTypes, type, &SecretType::type);
  if (row == kSecretTypes.end())
    throw Refusal(CKR_TEMPLATE_INCONSISTENT, "secret keys are AES, DES3 and generic ones");
  return *row;
}

bool has_size(const SecretType& type, std::size_t size) {
  if (type.sizes.front() == 0) return size != 0 && size <= kMaxSecret;
  return std::ranges::find(type.sizes, size) != type.sizes.end();
}

/// A template that names no use leaves it to us: all that a key of this type is for.
void fill_usage(SessionObject::Attributes& attributes, const Template& wanted, bool cipher) {
  static constexpr std::array kCipherUses{CKA_ENCRYPT, CKA_DECRYPT, CKA_WRAP, CKA_UNWRAP};
  static constexpr std::array kMacUses{CKA_SIGN, CKA_VERIFY, CKA_DERIVE};
  const auto named = [&](CK_ATTRIBUTE_TYPE type) { return wanted.has(type); };
  const bool none =
      std::ranges::none_of(kCipherUses, named) && std::ranges::none_of(kMacUses, named);
  const auto fill = [&](const auto& uses, bool all) {
    for (const CK_ATTRIBUTE_TYPE type : uses)
      attributes[type] = AttributeValue::of_bool(wanted.flag(type).value_or(none && all)).value;
  };
  fill(kCipherUses, cipher);
  fill(kMacUses, !cipher);
}

}  // namespace

std::optional<std::size_t> secret_size(const Template& wanted) {
  const SecretType& type = secret_type(wanted);
  if (wanted.has(CKA_VALUE_LEN)) {
    const CK_ULONG size = *wanted.number(CKA_VALUE_LEN);
    refuse_if(!has_size(type, size), CKR_KEY_SIZE_RANGE);
    return size;
  }
  if (type.sizes.front() != 0 && type.sizes.front() == type.sizes.back()) return type.sizes.front();
  return std::nullopt;
}

Handle keep_secret(Session& session, const Template& wanted, SecretOrigin origin, SecureBytes value,
                   CK_MECHANISM_TYPE made_by) {
  const SecretType& type = secret_type(wanted);
  if (wanted.flag(CKA_TOKEN).value_or(false))
    throw Refusal(CKR_TEMPLATE_INCONSISTENT, "the token keeps no secret keys: CKA_TOKEN is false");
  refuse_if(wanted.has(CKA_UNIQUE_ID), CKR_ATTRIBUTE_READ_ONLY);
  refuse_if(origin != SecretOrigin::kGiven && wanted.has(CKA_VALUE), CKR_TEMPLATE_INCONSISTENT);
  check_common(session, wanted);
  const auto size = secret_size(wanted);
  refuse_if(!has_size(type, value.size()) || (size && *size != value.size()),
            origin == SecretOrigin::kGiven ? CKR_ATTRIBUTE_VALUE_INVALID : CKR_KEY_SIZE_RANGE);
  SessionObject::Attributes attributes = wanted.all();
  const auto say = [&](CK_ATTRIBUTE_TYPE attribute, const AttributeValue& said) {
    attributes[attribute] = said.value;
  };
  const bool generated = origin == SecretOrigin::kGenerated;
  const bool sensitive = wanted.flag(CKA_SENSITIVE).value_or(false);
  const bool extractable = wanted.flag(CKA_EXTRACTABLE).value_or(true);
  const bool is_private =
      wanted.flag(CKA_PRIVATE)
          .value_or(origin == SecretOrigin::kFromKey && session.slot().login() == PinRole::kUser);
  say(CKA_CLASS, AttributeValue::of_ulong(CKO_SECRET_KEY));
  say(CKA_KEY_TYPE, AttributeValue::of_ulong(type.type));
  say(CKA_VALUE_LEN, AttributeValue::of_ulong(value.size()));
  say(CKA_PRIVATE, AttributeValue::of_bool(is_private));
  say(CKA_SENSITIVE, AttributeValue::of_bool(sensitive));
  say(CKA_EXTRACTABLE, AttributeValue::of_bool(extractable));
  say(CKA_LOCAL, AttributeValue::of_bool(generated));
  say(CKA_ALWAYS_SENSITIVE, AttributeValue::of_bool(generated && sensitive));
  say(CKA_NEVER_EXTRACTABLE, AttributeValue::of_bool(generated && !extractable));
  say(CKA_COPYABLE, AttributeValue::of_bool(false));
  say(CKA_KEY_GEN_MECHANISM, AttributeValue::of_ulong(made_by));
  attributes.try_emplace(CKA_WRAP_WITH_TRUSTED, AttributeValue::of_bool(false).value);
  fill_usage(attributes, wanted, type.cipher);
  attributes[CKA_VALUE] = value.release();
  return keep(session, std::move(attributes));
}

Handle create_session_object(Session& session, const Template& wanted) {
  const CK_OBJECT_CLASS object_class = *wanted.number(CKA_CLASS);
  if (object_class == CKO_SECRET_KEY) {
    refuse_if(!wanted.has(CKA_KEY_TYPE), CKR_TEMPLATE_INCOMPLETE);
    return keep_secret(session, wanted, SecretOrigin::kGiven,
                       SecureBytes(Bytes(wanted.need(CKA_VALUE))));
  }
  check_common(session, wanted);
  SessionObject::Attributes attributes = wanted.all();
  switch (object_class) {
    case CKO_PUBLIC_KEY:
      check_public_key(wanted);
      break;
    case CKO_CERTIFICATE:
      fill_certificate(attributes, wanted);
      break;
    case CKO_DATA:
      break;
    default:
      throw Refusal(CKR_TEMPLATE_INCONSISTENT,
                    "a session keeps public keys, secret keys, certificates and data; a private "
                    "key belongs on the token");
  }
  return keep(session, std::move(attributes));
}

namespace {

/// What an object is made with, and what makes it what it is.
bool is_fixed(const SessionObject& object, CK_ATTRIBUTE_TYPE type) {
  static constexpr std::array kFixed{
      CKA_CLASS,    CKA_LOCAL,           CKA_KEY_TYPE, CKA_MODULUS,      CKA_EC_PARAMS,
      CKA_EC_POINT, CKA_PUBLIC_EXPONENT, CKA_TRUSTED,  CKA_MODULUS_BITS, CKA_CERTIFICATE_TYPE};
  return std::ranges::find(kFixed, type) != kFixed.end() ||
         (type == CKA_VALUE && object.object_class() != CKO_DATA);
}

void refuse_fixed(const SessionObject& object, const Template& changes) {
  const auto& now = object.attributes();
  for (const auto& [type, value] : changes.all()) {
    const auto found = now.find(type);
    const bool same = found != now.end() && found->second == value;
    refuse_if(is_fixed(object, type) && !same, CKR_ATTRIBUTE_READ_ONLY);
  }
}

}  // namespace

Template copied(const SessionObject& source, const Template& changes) {
  refuse_if(!source.flag(CKA_COPYABLE, true), CKR_ACTION_PROHIBITED);
  refuse_if(changes.has(CKA_UNIQUE_ID), CKR_ATTRIBUTE_READ_ONLY);
  refuse_fixed(source, changes);
  auto attributes = source.attributes();
  attributes.erase(CKA_UNIQUE_ID);
  for (const auto& [type, value] : changes.all()) attributes[type] = value;
  return Template(std::move(attributes));
}

void destroy_session_object(Session& session, Handle handle) {
  SessionObjects& objects = session.slot().session_objects();
  const SessionObjectPtr object = objects.find(handle);
  refuse_if(object && !object->flag(CKA_DESTROYABLE, true), CKR_ACTION_PROHIBITED);
  objects.erase(handle);
}

void change_session_object(SessionObject& object, const Template& changes) {
  static constexpr std::array kMadeWith{CKA_TOKEN,      CKA_PRIVATE,  CKA_UNIQUE_ID,
                                        CKA_MODIFIABLE, CKA_COPYABLE, CKA_DESTROYABLE};
  refuse_if(!object.flag(CKA_MODIFIABLE, true), CKR_ACTION_PROHIBITED);
  refuse_fixed(object, changes);
  const bool secret = object.object_class() == CKO_SECRET_KEY;
  for (const auto& [type, value] : changes.all()) {
    const auto found = object.attributes().find(type);
    if (found != object.attributes().end() && found->second == value) continue;
    // A secret may become more secret, never less (4.10, footnotes 11 and 12).
    const bool stricter = (type == CKA_SENSITIVE && to_bool(value) == true) ||
                          (type == CKA_EXTRACTABLE && to_bool(value) == false);
    refuse_if(std::ranges::find(kMadeWith, type) != kMadeWith.end() ||
                  (secret && type != CKA_LABEL && type != CKA_ID && !stricter),
              CKR_ATTRIBUTE_READ_ONLY);
  }
  for (const auto& [type, value] : changes.all()) object.set(type, value);
}

}  // namespace kilt::p11
