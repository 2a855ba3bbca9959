// Signing (PKCS#11 v2.40 base, 5.11): hash and padding on the host, the private key's part on the
// token.
#include <algorithm>

#include "drivers/crypto/gost.h"
#include "drivers/crypto/padding.h"
#include "drivers/crypto/rsa.h"
#include "pkcs11/key_use.h"
#include "pkcs11/operation.h"
#include "pkcs11/sign_data.h"
#include "pkcs11/signature_check.h"

using namespace kilt;
using namespace kilt::p11;

namespace {

SignRequest prepare_pkcs1(const Mechanism& mechanism, const Bytes& data, std::size_t size,
                          const Capabilities& token) {
  const Bytes info =
      mechanism.hash == Hash::kNone ? data : crypto::digest_info(mechanism.hash, data);
  if (token.has(SignScheme::kRsaPkcs1)) return {SignScheme::kRsaPkcs1, mechanism.hash, info};
  return {SignScheme::kRsaRaw, mechanism.hash, crypto::pad_pkcs1_sign(info, size)};
}

SignRequest prepare_pss(const Mechanism& mechanism, const Bytes& data, const KeyObject& key,
                        const Capabilities& token) {
  const bool standard =
      mechanism.mgf == mechanism.hash && mechanism.salt_size == crypto::digest_size(mechanism.hash);
  // A module that keeps CKA_ALLOWED_MECHANISMS wants the mechanism itself.
  const bool limited = key.key().allowed_mechanisms && token.has(SignScheme::kRsaPss) && standard;
  if (!token.has(SignScheme::kRsaRaw) || limited) {
    if (!standard) throw NotSupported("the token does PSS only with salt and MGF of its hash");
    return {SignScheme::kRsaPss, mechanism.hash, data};
  }
  return {
      SignScheme::kRsaRaw, mechanism.hash,
      crypto::pad_pss(data, mechanism.hash, mechanism.mgf, mechanism.salt_size, key.key().bits)};
}

SignRequest prepare(const Mechanism& mechanism, const Bytes& data, KeyObject& key, std::size_t size,
                    const Capabilities& token) {
  switch (mechanism.spec.scheme) {
    case Scheme::kRsaPkcs1:
      return prepare_pkcs1(mechanism, data, size, token);
    case Scheme::kRsaPss:
      return prepare_pss(mechanism, data, key, token);
    case Scheme::kRsaRaw:
      return {SignScheme::kRsaRaw, Hash::kNone, left_padded(data, size)};
    case Scheme::kEcdsa:
      return {SignScheme::kEcdsa, mechanism.hash, data};
    case Scheme::kGost:
    case Scheme::kGost512:
      return {SignScheme::kGost3410, Hash::kNone, data};
    default:
      throw Refusal(CKR_MECHANISM_INVALID);
  }
}

std::size_t signature_size(Session& session, SignOperation& operation) {
  if (operation.mac) return crypto::digest_size(operation.mechanism.spec.hash);
  return block_size(*operation.key, session.slot().objects());
}

/// With the public half known each signature is checked afterwards, which costs no APDU; without it
/// the objects are listed before.
Bytes make_signature(Session& session, SignOperation& operation, std::size_t size) {
  if (operation.mac) return operation.mac->finish();
  KeyObject& key = *operation.key;
  refuse_if(key.key().always_authenticate && !operation.context_login, CKR_USER_NOT_LOGGED_IN);
  Slot& slot = session.slot();
  const SignRequest request =
      prepare(operation.mechanism, data_to_sign(operation), key, size, slot.capabilities());
  const PublicKey& half = key.public_key(slot.objects());
  const bool known = !std::holds_alternative<std::monostate>(half);
  Bytes signature =
      slot.use_key(key, known ? Look::kNone : Look::kBefore, [&](Token& token, const Key& stored) {
        return token.sign(stored, request.scheme, request.hash, request.input);
      });
  if (signature.size() != size) throw MalformedAnswer("the signature has a wrong length");
  if (known && !is_signature_of(half, request, signature)) {
    slot.objects().look_for(key);  // another key may stand in its place
    throw MalformedAnswer("the token's signature does not verify");
  }
  return signature;
}

void finish(Session& session, OperationScope<SignOperation>& operation, CK_BYTE* signature,
            CK_ULONG* signature_len) {
  const std::size_t size = signature_size(session, *operation);
  if (!operation.room(size, signature, signature_len)) return;
  std::ranges::copy(make_signature(session, *operation, size), signature);
}

}  // namespace

CK_RV C_SignInit(CK_SESSION_HANDLE handle, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  return session_entry(__func__, handle, [&](Session& session) {
    if (cancelled(session.sign, mechanism)) return;
    SignOperation operation;
    operation.mechanism = key_mechanism(session, mechanism, CKF_SIGN, key);
    if (operation.mechanism.spec.scheme == Scheme::kMac) {
      start_mac(session, operation, key, CKA_SIGN);
    } else {
      operation.key = private_key(session, key, operation.mechanism, &KeyUsage::sign);
      if (operation.mechanism.spec.type == CKM_GOSTR3410_WITH_GOSTR3411)
        operation.mechanism =
            for_key(operation.mechanism, operation.key->public_key(session.slot().objects()));
      start_hash(operation);
    }
    session.sign = std::move(operation);
  });
}

CK_RV C_Sign(CK_SESSION_HANDLE handle, CK_BYTE* data, CK_ULONG data_len, CK_BYTE* signature,
             CK_ULONG* signature_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    OperationScope operation(session.sign);
    refuse_if(operation->updated, CKR_OPERATION_ACTIVE);
    const BytesView input = input_bytes(data, data_len);
    const std::size_t size = signature_size(session, *operation);
    if (!operation.room(size, signature, signature_len)) return;
    add_data(*operation, input);
    std::ranges::copy(make_signature(session, *operation, size), signature);
  });
}

CK_RV C_SignUpdate(CK_SESSION_HANDLE handle, CK_BYTE* part, CK_ULONG part_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    OperationScope operation(session.sign);
    add_data(*operation, input_bytes(part, part_len));
    operation->updated = true;
    operation.keep();
  });
}

CK_RV C_SignFinal(CK_SESSION_HANDLE handle, CK_BYTE* signature, CK_ULONG* signature_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    OperationScope operation(session.sign);
    finish(session, operation, signature, signature_len);
  });
}
