// Signing (PKCS#11 v2.40 base, 5.11): hash and padding on the host, the private key's part on the
// token.
#include <algorithm>

#include "pkcs11/key_use.h"
#include "pkcs11/operation.h"
#include "pkcs11/sign_data.h"

using namespace kilt;
using namespace kilt::p11;

namespace {

/// What the token is asked for.
struct Request {
  SignScheme scheme = SignScheme::kRsaRaw;
  Hash hash = Hash::kNone;
  Bytes input;
};

Request prepare_pkcs1(const Mechanism& mechanism, const Bytes& data, std::size_t size,
                      const Capabilities& token) {
  const Bytes info = mechanism.hash == Hash::kNone ? data : host::digest_info(mechanism.hash, data);
  if (token.has(SignScheme::kRsaPkcs1)) return {SignScheme::kRsaPkcs1, mechanism.hash, info};
  return {SignScheme::kRsaRaw, mechanism.hash, host::pad_pkcs1_sign(info, size)};
}

Request prepare_pss(const Mechanism& mechanism, const Bytes& data, const KeyObject& key,
                    const Capabilities& token) {
  const bool standard =
      mechanism.mgf == mechanism.hash && mechanism.salt_size == host::digest_size(mechanism.hash);
  if (!token.has(SignScheme::kRsaRaw)) {
    if (!standard) throw NotSupported("the token does PSS only with salt and MGF of its hash");
    return {SignScheme::kRsaPss, mechanism.hash, data};
  }
  return {SignScheme::kRsaRaw, mechanism.hash,
          host::pad_pss(data, mechanism.hash, mechanism.mgf, mechanism.salt_size, key.key().bits)};
}

Request prepare(const Mechanism& mechanism, const Bytes& data, KeyObject& key, std::size_t size,
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
      return {SignScheme::kGost3410, Hash::kNone, data};
    default:
      throw Refusal(CKR_MECHANISM_INVALID);
  }
}

/// A wrong signature can betray the key (fault attacks); checked where the public half is known,
/// because then it costs no APDU.
void check_signature(const KeyObject& key, const Request& request, const Bytes& signature) {
  const bool padded = request.scheme == SignScheme::kRsaPkcs1;
  if ((request.scheme != SignScheme::kRsaRaw && !padded) || !key.known_public_key()) return;
  const auto* rsa = std::get_if<RsaPublicKey>(&*key.known_public_key());
  if (rsa == nullptr) return;
  const Bytes block =
      padded ? host::pad_pkcs1_sign(request.input, signature.size()) : request.input;
  if (!equal(host::rsa_public(*rsa, signature), block))
    throw MalformedAnswer("the token's signature does not verify");
}

Bytes make_signature(Session& session, SignOperation& operation, std::size_t size) {
  KeyObject& key = *operation.key;
  refuse_if(key.key().always_authenticate && !operation.context_login, CKR_USER_NOT_LOGGED_IN);
  Slot& slot = session.slot();
  const Request request =
      prepare(operation.mechanism, data_to_sign(operation), key, size, slot.capabilities());
  Bytes signature = slot.with_token(Repeat::kNever, [&](Token& token) {
    return token.sign(key.key(), request.scheme, request.hash, request.input);
  });
  if (signature.size() != size) throw MalformedAnswer("the signature has a wrong length");
  check_signature(key, request, signature);
  return signature;
}

void finish(Session& session, OperationScope<SignOperation>& operation, CK_BYTE* signature,
            CK_ULONG* signature_len) {
  const std::size_t size = block_size(*operation->key, session.slot().loader());
  if (!operation.room(size, signature, signature_len)) return;
  std::ranges::copy(make_signature(session, *operation, size), signature);
}

}  // namespace

CK_RV C_SignInit(CK_SESSION_HANDLE handle, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  return session_entry(__func__, handle, [&](Session& session) {
    if (cancelled(session.sign, mechanism)) return;
    SignOperation operation;
    operation.mechanism = key_mechanism(session, mechanism, CKF_SIGN, key);
    operation.key = private_key(session, key, operation.mechanism, &KeyUsage::sign);
    start_hash(operation);
    session.sign = std::move(operation);
  });
}

CK_RV C_Sign(CK_SESSION_HANDLE handle, CK_BYTE* data, CK_ULONG data_len, CK_BYTE* signature,
             CK_ULONG* signature_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    OperationScope operation(session.sign);
    refuse_if(operation->updated, CKR_OPERATION_ACTIVE);
    const BytesView input = input_bytes(data, data_len);
    const std::size_t size = block_size(*operation->key, session.slot().loader());
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
