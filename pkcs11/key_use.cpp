#include "pkcs11/key_use.h"

#include <algorithm>

#include "pkcs11/rv.h"
#include "pkcs11/template.h"

namespace kilt::p11 {
namespace {

KeyType type_of(const PublicKey& key) {
  if (std::holds_alternative<RsaPublicKey>(key)) return KeyType::kRsa;
  if (std::holds_alternative<EcPublicKey>(key)) return KeyType::kEc;
  const auto* gost = std::get_if<GostPublicKey>(&key);
  return gost != nullptr && gost->point.size() == 128 ? KeyType::kGost512 : KeyType::kGost256;
}

/// CKA_ALLOWED_MECHANISMS of a key, if it has such a limit.
void check_allowed(const std::optional<std::vector<CK_MECHANISM_TYPE>>& allowed,
                   const Mechanism& mechanism) {
  if (allowed && std::ranges::find(*allowed, mechanism.spec.type) == allowed->end())
    throw Refusal(CKR_MECHANISM_INVALID,
                  "CKA_ALLOWED_MECHANISMS of the key does not name this one");
}

}  // namespace

std::size_t block_size(const PublicKey& key) {
  if (const auto* rsa = std::get_if<RsaPublicKey>(&key)) return rsa->modulus.size();
  if (const auto* ec = std::get_if<EcPublicKey>(&key))
    return ec->point.empty() ? 0 : ec->point.size() - 1;
  if (const auto* gost = std::get_if<GostPublicKey>(&key)) return gost->point.size();
  return 0;
}

std::size_t block_size(KeyObject& key, Loader& loader) {
  const std::size_t bytes = (key.key().bits + 7) / 8;
  if (bytes == 0) return block_size(key.public_key(loader));
  return key.key().type == KeyType::kRsa ? bytes : 2 * bytes;
}

void check_key_type(const Mechanism& mechanism, KeyType type) {
  const auto fits = [&] {
    switch (mechanism.spec.scheme) {
      case Scheme::kRsaPkcs1:
      case Scheme::kRsaPss:
      case Scheme::kRsaOaep:
      case Scheme::kRsaRaw:
        return type == KeyType::kRsa;
      case Scheme::kEcdsa:
      case Scheme::kEcdh:
        return type == KeyType::kEc;
      case Scheme::kGost:
        return type == KeyType::kGost256;
      case Scheme::kGost512:
        return type == KeyType::kGost512;
      default:
        return false;
    }
  };
  refuse_if(!fits(), CKR_KEY_TYPE_INCONSISTENT);
}

Mechanism key_mechanism(Session& session, const CK_MECHANISM* mechanism, CK_FLAGS flag,
                        CK_OBJECT_HANDLE handle) {
  try {
    return check_mechanism(mechanism, flag, session.slot().capabilities());
  } catch (const Refusal& refusal) {
    if (refusal.rv() != CKR_MECHANISM_INVALID) throw;
    const auto key =
        std::dynamic_pointer_cast<KeyObject>(session.object(handle, CKR_MECHANISM_INVALID));
    if (key && key->object_class() == CKO_PRIVATE_KEY && !key->key().unusable_reason.empty())
      throw NotSupported(key->key().unusable_reason);
    throw;
  }
}

std::shared_ptr<KeyObject> private_key(Session& session, CK_OBJECT_HANDLE handle,
                                       const Mechanism& mechanism, bool KeyUsage::*usage) {
  auto key = std::dynamic_pointer_cast<KeyObject>(session.object(handle, CKR_KEY_HANDLE_INVALID));
  refuse_if(!key || key->object_class() != CKO_PRIVATE_KEY, CKR_KEY_HANDLE_INVALID);
  check_key_type(mechanism, key->key().type);
  refuse_if(!(key->key().usage.*usage), CKR_KEY_FUNCTION_NOT_PERMITTED);
  check_allowed(key->key().allowed_mechanisms, mechanism);
  if (!key->key().unusable_reason.empty()) throw NotSupported(key->key().unusable_reason);
  session.slot().check_pin_policy();
  return key;
}

PublicKey public_key(Session& session, CK_OBJECT_HANDLE handle, const Mechanism& mechanism,
                     CK_ATTRIBUTE_TYPE usage) {
  const ObjectPtr object = session.object(handle, CKR_KEY_HANDLE_INVALID);
  refuse_if(object->object_class() != CKO_PUBLIC_KEY, CKR_KEY_HANDLE_INVALID);
  Loader& loader = session.slot().objects();
  const AttributeValue allowed = object->attribute(usage, loader);
  // A session object without the attribute says nothing against the use.
  refuse_if(allowed.kind == AttributeValue::Kind::kValue && to_bool(allowed.value) == false,
            CKR_KEY_FUNCTION_NOT_PERMITTED);
  PublicKey key;
  if (auto* token_key = dynamic_cast<KeyObject*>(object.get()))
    key = token_key->public_key(loader);
  else if (const auto* own = dynamic_cast<const SessionObject*>(object.get())) {
    key = own->public_key();
    check_allowed(allowed_mechanisms(Template(own->attributes())), mechanism);
  }
  refuse_if(std::holds_alternative<std::monostate>(key), CKR_KEY_HANDLE_INVALID);
  check_key_type(mechanism, type_of(key));
  return key;
}

SessionObjectPtr secret_key(Session& session, CK_OBJECT_HANDLE handle, const Mechanism& mechanism,
                            CK_ATTRIBUTE_TYPE usage) {
  auto key =
      std::dynamic_pointer_cast<SessionObject>(session.object(handle, CKR_KEY_HANDLE_INVALID));
  refuse_if(!key || key->object_class() != CKO_SECRET_KEY, CKR_KEY_HANDLE_INVALID);
  const auto found = key->attributes().find(CKA_KEY_TYPE);
  refuse_if(found == key->attributes().end() ||
                to_ulong(found->second) != secret_key_type(mechanism.spec),
            CKR_KEY_TYPE_INCONSISTENT);
  refuse_if(!key->flag(usage, false), CKR_KEY_FUNCTION_NOT_PERMITTED);
  check_allowed(allowed_mechanisms(Template(key->attributes())), mechanism);
  return key;
}

}  // namespace kilt::p11
