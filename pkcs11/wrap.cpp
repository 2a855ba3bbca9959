// Keys in and out under other keys (PKCS#11 v3.2, 5.18.3 and 5.18.4): what RSA or AES wrapped
// becomes a secret key that the host keeps; such secrets leave under a public key or AES.
#include <algorithm>

#include "pkcs11/entry.h"
#include "pkcs11/key_use.h"
#include "pkcs11/new_session_object.h"

using namespace kilt;
using namespace kilt::p11;

namespace {

/// Does the work; what is wrong with the key that wraps has codes of its own.
template <typename Work>
auto with_codes(CK_RV handle_invalid, CK_RV type_inconsistent, Work work) {
  try {
    return work();
  } catch (const Refusal& refusal) {
    if (refusal.rv() == CKR_KEY_HANDLE_INVALID) throw Refusal(handle_invalid);
    if (refusal.rv() == CKR_KEY_TYPE_INCONSISTENT) throw Refusal(type_inconsistent);
    throw;
  }
}

SecureBytes unwrap_with_token(Session& session, CK_OBJECT_HANDLE handle, const Mechanism& mechanism,
                              BytesView wrapped) {
  CryptOperation operation;
  operation.mechanism = mechanism;
  operation.key = private_key(session, handle, mechanism, &KeyUsage::unwrap);
  if (operation.key->key().always_authenticate)
    throw NotSupported(
        "a key that wants the PIN for each use unwraps nothing: no call of PKCS#11 asks for it "
        "there");
  refuse_if(wrapped.size() != block_size(*operation.key, session.slot().objects()),
            CKR_WRAPPED_KEY_LEN_RANGE);
  operation.data = to_bytes(wrapped);
  return decrypt_with_key(session, operation);
}

SecureBytes unwrap(Session& session, CK_OBJECT_HANDLE handle, const Mechanism& mechanism,
                   BytesView wrapped) {
  return with_codes(CKR_UNWRAPPING_KEY_HANDLE_INVALID, CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, [&] {
    try {
      if (mechanism.spec.scheme != Scheme::kKeyWrap)
        return unwrap_with_token(session, handle, mechanism, wrapped);
      const auto key = secret_key(session, handle, mechanism, CKA_UNWRAP);
      return crypto::aes_unwrap(key->secret(), wrapped);
    } catch (const InvalidData&) {
      throw Refusal(CKR_WRAPPED_KEY_INVALID);
    }
  });
}

/// A template without a type, or without a length, takes what came out.
Handle keep_unwrapped(Session& session, const Template& wanted, SecureBytes value) {
  try {
    return keep_secret(session, wanted, SecretOrigin::kFromKey, std::move(value));
  } catch (const Refusal& refusal) {
    if (refusal.rv() == CKR_KEY_SIZE_RANGE) throw Refusal(CKR_WRAPPED_KEY_INVALID);
    throw;
  }
}

/// The secret that shall leave. Throws Refusal for what may not.
SessionObjectPtr key_to_wrap(Session& session, CK_OBJECT_HANDLE handle) {
  const ObjectPtr object = session.object(handle, CKR_KEY_HANDLE_INVALID);
  refuse_if(object->object_class() == CKO_PRIVATE_KEY, CKR_KEY_UNEXTRACTABLE);
  auto secret = std::dynamic_pointer_cast<SessionObject>(object);
  refuse_if(!secret || secret->object_class() != CKO_SECRET_KEY, CKR_KEY_HANDLE_INVALID);
  refuse_if(!secret->flag(CKA_EXTRACTABLE, false), CKR_KEY_UNEXTRACTABLE);
  // No key here is trusted to wrap it: the SO would have to say so.
  refuse_if(secret->flag(CKA_WRAP_WITH_TRUSTED, false), CKR_KEY_NOT_WRAPPABLE);
  return secret;
}

/// Bytes that the wrapped key has.
std::size_t wrapped_size(const Mechanism& mechanism, const PublicKey& key, std::size_t size) {
  return mechanism.spec.scheme == Scheme::kKeyWrap ? size + 8 : block_size(key);
}

}  // namespace

CK_RV C_UnwrapKey(CK_SESSION_HANDLE handle, CK_MECHANISM* mechanism,
                  CK_OBJECT_HANDLE unwrapping_key, CK_BYTE* wrapped, CK_ULONG wrapped_len,
                  CK_ATTRIBUTE* attributes, CK_ULONG count, CK_OBJECT_HANDLE* key) {
  return session_entry(__func__, handle, [&](Session& session) {
    const Mechanism checked = key_mechanism(session, mechanism, CKF_UNWRAP, unwrapping_key);
    const BytesView input = input_bytes(wrapped, wrapped_len);
    need_pointer(key);
    const Template wanted(attributes, count);
    refuse_if(!wanted.has(CKA_CLASS), CKR_TEMPLATE_INCOMPLETE);
    refuse_if(!wanted.has(CKA_KEY_TYPE), CKR_TEMPLATE_INCOMPLETE);
    static_cast<void>(secret_size(wanted));  // before the token is bothered
    *key = keep_unwrapped(session, wanted, unwrap(session, unwrapping_key, checked, input));
  });
}

CK_RV C_WrapKey(CK_SESSION_HANDLE handle, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE wrapping_key,
                CK_OBJECT_HANDLE key, CK_BYTE* wrapped, CK_ULONG* wrapped_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    const Mechanism checked = check_mechanism(mechanism, CKF_WRAP, session.slot().capabilities());
    const SessionObjectPtr secret = key_to_wrap(session, key);
    PublicKey public_half;
    SessionObjectPtr wrapping;
    with_codes(CKR_WRAPPING_KEY_HANDLE_INVALID, CKR_WRAPPING_KEY_TYPE_INCONSISTENT, [&] {
      if (checked.spec.scheme == Scheme::kKeyWrap)
        wrapping = secret_key(session, wrapping_key, checked, CKA_WRAP);
      else
        public_half = public_key(session, wrapping_key, checked, CKA_WRAP);
    });
    const std::size_t size = wrapped_size(checked, public_half, secret->secret().size());
    if (!room_for(size, wrapped, wrapped_len)) return;
    try {
      const Bytes result = wrapping ? crypto::aes_wrap(wrapping->secret(), secret->secret())
                                    : encrypt_with_key(checked, public_half, secret->secret());
      std::ranges::copy(result, wrapped);
    } catch (const InvalidData&) {
      throw Refusal(CKR_KEY_SIZE_RANGE);
    }
  });
}
