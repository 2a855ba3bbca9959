#include "pkcs11/key_object.h"

#include "apdu/tlv.h"
#include "drivers/crypto/public_key.h"
#include "drivers/crypto/spki.h"
#include "drivers/crypto/tc26.h"
#include "drivers/errors.h"
#include "pkcs11/rv.h"
#include "pkcs11/unique_id.h"

namespace kilt::p11 {
namespace {

constexpr std::uint32_t kOctetString = 0x04;

CK_KEY_TYPE key_type(KeyType type) {
  switch (type) {
    case KeyType::kRsa:
      return CKK_RSA;
    case KeyType::kEc:
      return CKK_EC;
    case KeyType::kGost512:
      return tc26::kGost512Key;
    case KeyType::kGost256:
      break;
  }
  return CKK_GOSTR3410;
}

CK_MECHANISM_TYPE generation_mechanism(const Key& key) {
  if (!key.local) return CK_UNAVAILABLE_INFORMATION;
  switch (key.type) {
    case KeyType::kRsa:
      return CKM_RSA_PKCS_KEY_PAIR_GEN;
    case KeyType::kEc:
      return CKM_EC_KEY_PAIR_GEN;
    case KeyType::kGost512:
      return tc26::kGost512KeyPairGen;
    case KeyType::kGost256:
      break;
  }
  return CKM_GOSTR3410_KEY_PAIR_GEN;
}

bool is_secret(CK_ATTRIBUTE_TYPE type, KeyType key) {
  switch (type) {
    case CKA_PRIVATE_EXPONENT:
    case CKA_PRIME_1:
    case CKA_PRIME_2:
    case CKA_EXPONENT_1:
    case CKA_EXPONENT_2:
    case CKA_COEFFICIENT:
      return key == KeyType::kRsa;
    case CKA_VALUE:
      return key != KeyType::kRsa;
    default:
      return false;
  }
}

}  // namespace

AttributeValue KeyObject::attribute(CK_ATTRIBUTE_TYPE type, Loader& loader) {
  if (private_half_ && is_secret(type, key_.type)) return AttributeValue::sensitive();
  AttributeValue value = common(type, loader);
  if (value.kind == AttributeValue::Kind::kInvalid)
    value = private_half_ ? private_attribute(type) : public_attribute(type);
  if (value.kind == AttributeValue::Kind::kInvalid) value = material(type, loader);
  return value;
}

AttributeValue KeyObject::common(CK_ATTRIBUTE_TYPE type, Loader& loader) {
  switch (type) {
    case CKA_CLASS:
      return AttributeValue::of_ulong(object_class());
    case CKA_TOKEN:
      return AttributeValue::of_bool(true);
    case CKA_PRIVATE:
      return AttributeValue::of_bool(private_half_);
    case CKA_MODIFIABLE:
      return AttributeValue::of_bool(key_.modifiable);
    case CKA_COPYABLE:
      return AttributeValue::of_bool(false);
    case CKA_DESTROYABLE:
      return AttributeValue::of_bool(key_.modifiable);
    case CKA_LABEL:
      return AttributeValue::of_text(key_.label);
    case CKA_UNIQUE_ID:
      return own_id(loader);
    case CKA_KEY_TYPE:
      return AttributeValue::of_ulong(key_type(key_.type));
    case CKA_ID:
      return AttributeValue::of(key_.id);
    case CKA_START_DATE:
    case CKA_END_DATE:
      return AttributeValue::of({});
    case CKA_DERIVE:
      return AttributeValue::of_bool(key_.usage.derive);
    case CKA_LOCAL:
      return AttributeValue::of_bool(key_.local);
    case CKA_KEY_GEN_MECHANISM:
      return AttributeValue::of_ulong(generation_mechanism(key_));
    case CKA_SUBJECT: {
      if (private_half_ && !key_.subject.empty()) return AttributeValue::of(key_.subject);
      const auto certificate = loader.certificate_of(key_.id);
      return AttributeValue::of(certificate ? certificate->subject : Bytes{});
    }
    default:
      return AttributeValue::invalid();
  }
}

AttributeValue KeyObject::private_attribute(CK_ATTRIBUTE_TYPE type) const {
  switch (type) {
    case CKA_SENSITIVE:
      return AttributeValue::of_bool(true);
    case CKA_EXTRACTABLE:
    case CKA_WRAP_WITH_TRUSTED:
    case CKA_SIGN_RECOVER:
      return AttributeValue::of_bool(false);
    case CKA_SIGN:
      return AttributeValue::of_bool(key_.usage.sign);
    case CKA_DECRYPT:
      return AttributeValue::of_bool(key_.usage.decrypt);
    case CKA_UNWRAP:
      return AttributeValue::of_bool(key_.usage.unwrap);
    case CKA_ALWAYS_SENSITIVE:
      return AttributeValue::of_bool(key_.always_sensitive);
    case CKA_NEVER_EXTRACTABLE:
      return AttributeValue::of_bool(key_.never_extractable);
    case CKA_ALWAYS_AUTHENTICATE:
      return AttributeValue::of_bool(key_.always_authenticate);
    case CKA_ALLOWED_MECHANISMS:
      if (key_.allowed_mechanisms) return AttributeValue::of_ulongs(*key_.allowed_mechanisms);
      return AttributeValue::of({});
    default:
      return AttributeValue::invalid();
  }
}

AttributeValue KeyObject::public_attribute(CK_ATTRIBUTE_TYPE type) const {
  switch (type) {
    case CKA_ENCRYPT:
      return AttributeValue::of_bool(key_.usage.decrypt);
    case CKA_VERIFY:
      return AttributeValue::of_bool(key_.usage.sign);
    case CKA_WRAP:
      return AttributeValue::of_bool(key_.usage.unwrap);
    case CKA_VERIFY_RECOVER:
    case CKA_TRUSTED:
      return AttributeValue::of_bool(false);
    case CKA_MODULUS_BITS:
      if (key_.type == KeyType::kRsa) return AttributeValue::of_ulong(key_.bits);
      return AttributeValue::invalid();
    default:
      return AttributeValue::invalid();
  }
}

AttributeValue KeyObject::material(CK_ATTRIBUTE_TYPE type, Loader& loader) {
  switch (type) {
    case CKA_MODULUS:
    case CKA_PUBLIC_EXPONENT:
      if (const auto* rsa = std::get_if<RsaPublicKey>(&public_key(loader)))
        return AttributeValue::of(type == CKA_MODULUS ? rsa->modulus : rsa->exponent);
      return AttributeValue::invalid();
    case CKA_EC_PARAMS:
      if (const auto* ec = std::get_if<EcPublicKey>(&public_key(loader)))
        return AttributeValue::of(ec->parameters);
      return AttributeValue::invalid();
    case CKA_EC_POINT:
      if (const auto* ec = std::get_if<EcPublicKey>(&public_key(loader)); ec && !private_half_)
        return AttributeValue::of(tlv::encode(kOctetString, ec->point));
      return AttributeValue::invalid();
    case CKA_PUBLIC_KEY_INFO:
      if (std::holds_alternative<std::monostate>(public_key(loader))) return AttributeValue::of({});
      return AttributeValue::of(crypto::public_key_info(public_key(loader)));
    case CKA_GOSTR3410_PARAMS:
    case CKA_GOSTR3411_PARAMS:
      if (const auto* gost = std::get_if<GostPublicKey>(&public_key(loader)))
        return AttributeValue::of(type == CKA_GOSTR3410_PARAMS ? gost->parameters
                                                               : gost->hash_parameters);
      return AttributeValue::invalid();
    case CKA_VALUE:
      if (const auto* gost = std::get_if<GostPublicKey>(&public_key(loader)))
        return AttributeValue::of(gost->point);
      return AttributeValue::invalid();
    default:
      return AttributeValue::invalid();
  }
}

AttributeValue KeyObject::own_id(Loader& loader) const {
  // What the token says of the public half, never a certificate that may come and go.
  PublicKey half = key_.public_key;
  try {
    if (std::holds_alternative<std::monostate>(half)) half = loader.load_public_key(key_);
  } catch (const NotSupported&) {
    half = std::monostate{};
  }
  const bool known = !std::holds_alternative<std::monostate>(half);
  return unique_id(loader, object_class(), key_.ref,
                   known ? crypto::public_key_info(half) : Bytes{});
}

const PublicKey& KeyObject::public_key(Loader& loader) {
  if (!public_key_) {
    PublicKey key = key_.public_key;
    if (std::holds_alternative<std::monostate>(key)) key = loader.load_public_key(key_);
    if (std::holds_alternative<std::monostate>(key))
      if (const auto certificate = loader.certificate_of(key_.id)) key = certificate->public_key;
    public_key_ = std::move(key);
  }
  return *public_key_;
}

void KeyObject::destroy(Token& token) const {
  token.capabilities().require(Function::kDeleteObject);
  if (!key_.modifiable)
    throw Refusal(CKR_ACTION_PROHIBITED, "the token does not let this key be deleted");
  token.delete_key(key_.ref, private_half_ ? KeyHalf::kPrivate : KeyHalf::kPublic);
}

bool KeyObject::is_still(Object& now, Loader& loader) {
  auto* key = dynamic_cast<KeyObject*>(&now);
  if (key == nullptr || !public_key_ || key->key().type != key_.type) return false;
  return same_key(*public_key_, key->public_key(loader));
}

void KeyObject::adopt(const Object& before) {
  const auto* key = dynamic_cast<const KeyObject*>(&before);
  if (key != nullptr && !public_key_ && key->public_key_ &&
      !std::holds_alternative<std::monostate>(*key->public_key_))
    public_key_ = key->public_key_;
}

}  // namespace kilt::p11
