// Verifying signatures, on the host (PKCS#11 v2.40 base, 5.13).
#include "drivers/crypto/ec.h"
#include "drivers/crypto/gost.h"
#include "drivers/crypto/padding.h"
#include "drivers/crypto/rsa.h"
#include "pkcs11/key_use.h"
#include "pkcs11/operation.h"
#include "pkcs11/sign_data.h"

using namespace kilt;
using namespace kilt::p11;

namespace {

bool verify_rsa(const Mechanism& mechanism, const RsaPublicKey& key, const Bytes& data,
                BytesView signature) {
  switch (mechanism.spec.scheme) {
    case Scheme::kRsaPkcs1:
      return crypto::rsa_verify_pkcs1(
          key, mechanism.hash == Hash::kNone ? data : crypto::digest_info(mechanism.hash, data),
          signature);
    case Scheme::kRsaPss:
      return crypto::rsa_verify_pss(key, data, mechanism.hash, mechanism.mgf, mechanism.salt_size,
                                    signature);
    default:
      return equal(crypto::rsa_public(key, signature), left_padded(data, key.modulus.size()));
  }
}

void check_mac(SignOperation& operation, BytesView signature) {
  refuse_if(signature.size() != crypto::digest_size(operation.mechanism.spec.hash),
            CKR_SIGNATURE_LEN_RANGE);
  refuse_if(!equal_constant_time(operation.mac->finish(), signature), CKR_SIGNATURE_INVALID);
}

void check(SignOperation& operation, BytesView signature) {
  if (operation.mac) return check_mac(operation, signature);
  refuse_if(signature.size() != block_size(operation.public_key), CKR_SIGNATURE_LEN_RANGE);
  const Bytes data = data_to_sign(operation);
  bool good = false;
  try {
    if (const auto* rsa = std::get_if<RsaPublicKey>(&operation.public_key))
      good = verify_rsa(operation.mechanism, *rsa, data, signature);
    else if (const auto* ec = std::get_if<EcPublicKey>(&operation.public_key))
      good = crypto::ecdsa_verify(*ec, data, signature);
    else if (const auto* gost = std::get_if<GostPublicKey>(&operation.public_key))
      good = crypto::gost_verify(*gost, data, signature);
  } catch (const InvalidData&) {
    good = false;  // a signature not below the modulus, and the like
  }
  refuse_if(!good, CKR_SIGNATURE_INVALID);
}

}  // namespace

CK_RV C_VerifyInit(CK_SESSION_HANDLE handle, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  return session_entry(__func__, handle, [&](Session& session) {
    if (cancelled(session.verify, mechanism)) return;
    SignOperation operation;
    operation.mechanism = check_mechanism(mechanism, CKF_VERIFY, session.slot().capabilities());
    if (operation.mechanism.spec.scheme == Scheme::kMac) {
      start_mac(session, operation, key, CKA_VERIFY);
    } else {
      operation.public_key = public_key(session, key, operation.mechanism, CKA_VERIFY);
      operation.mechanism = for_key(operation.mechanism, operation.public_key);
      start_hash(operation);
    }
    session.verify = std::move(operation);
  });
}

CK_RV C_Verify(CK_SESSION_HANDLE handle, CK_BYTE* data, CK_ULONG data_len, CK_BYTE* signature,
               CK_ULONG signature_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    OperationScope operation(session.verify);
    refuse_if(operation->updated, CKR_OPERATION_ACTIVE);
    const BytesView input = input_bytes(data, data_len);
    need_pointer(signature);
    add_data(*operation, input);
    check(*operation, input_bytes(signature, signature_len));
  });
}

CK_RV C_VerifyUpdate(CK_SESSION_HANDLE handle, CK_BYTE* part, CK_ULONG part_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    OperationScope operation(session.verify);
    add_data(*operation, input_bytes(part, part_len));
    operation->updated = true;
    operation.keep();
  });
}

CK_RV C_VerifyFinal(CK_SESSION_HANDLE handle, CK_BYTE* signature, CK_ULONG signature_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    OperationScope operation(session.verify);
    need_pointer(signature);
    check(*operation, input_bytes(signature, signature_len));
  });
}
