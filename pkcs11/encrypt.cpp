// Encryption with public keys and with secret ones, on the host (PKCS#11 v2.40 base, 5.8).
#include <algorithm>

#include "drivers/crypto/rsa.h"
#include "pkcs11/cipher_use.h"
#include "pkcs11/key_use.h"
#include "pkcs11/sign_data.h"

using namespace kilt;
using namespace kilt::p11;

Bytes kilt::p11::encrypt_with_key(const Mechanism& mechanism, const PublicKey& key,
                                  BytesView data) {
  const auto& rsa = std::get<RsaPublicKey>(key);
  switch (mechanism.spec.scheme) {
    case Scheme::kRsaPkcs1:
      return crypto::rsa_encrypt_pkcs1(rsa, data);
    case Scheme::kRsaOaep:
      return crypto::rsa_encrypt_oaep(rsa, data, mechanism.hash, mechanism.mgf, mechanism.label);
    default:
      return crypto::rsa_public(rsa, left_padded(to_bytes(data), rsa.modulus.size()));
  }
}

namespace {

constexpr std::size_t kMaxPlain = 1024;  // bytes; the largest modulus anywhere is 512

Bytes encrypt(const CryptOperation& operation) {
  try {
    return encrypt_with_key(operation.mechanism, operation.public_key, operation.data);
  } catch (const InvalidData&) {
    throw Refusal(CKR_DATA_LEN_RANGE);
  }
}

void add_plain(CryptOperation& operation, BytesView part) {
  refuse_if(part.size() > kMaxPlain || operation.data.size() + part.size() > kMaxPlain,
            CKR_DATA_LEN_RANGE);
  append(operation.data, part);
}

void finish(OperationScope<CryptOperation>& operation, CK_BYTE* encrypted,
            CK_ULONG* encrypted_len) {
  if (operation.room(block_size(operation->public_key), encrypted, encrypted_len))
    std::ranges::copy(encrypt(*operation), encrypted);
}

}  // namespace

CK_RV C_EncryptInit(CK_SESSION_HANDLE handle, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  return session_entry(__func__, handle, [&](Session& session) {
    if (cancelled(session.encrypt, mechanism)) return;
    CryptOperation operation;
    operation.mechanism = check_mechanism(mechanism, CKF_ENCRYPT, session.slot().capabilities());
    if (operation.mechanism.spec.scheme == Scheme::kCipher)
      begin_cipher(session, operation, key, true);
    else
      operation.public_key = public_key(session, key, operation.mechanism, CKA_ENCRYPT);
    session.encrypt = std::move(operation);
  });
}

CK_RV C_Encrypt(CK_SESSION_HANDLE handle, CK_BYTE* data, CK_ULONG data_len, CK_BYTE* encrypted,
                CK_ULONG* encrypted_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    OperationScope operation(session.encrypt);
    refuse_if(operation->updated, CKR_OPERATION_ACTIVE);
    const BytesView input = input_bytes(data, data_len);
    if (operation->cipher) return cipher_whole(operation, input, encrypted, encrypted_len);
    operation->data.clear();
    add_plain(*operation, input);
    finish(operation, encrypted, encrypted_len);
  });
}

CK_RV C_EncryptUpdate(CK_SESSION_HANDLE handle, CK_BYTE* part, CK_ULONG part_len,
                      CK_BYTE* encrypted, CK_ULONG* encrypted_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    OperationScope operation(session.encrypt);
    const BytesView input = input_bytes(part, part_len);
    if (operation->cipher) return cipher_part(operation, input, encrypted, encrypted_len);
    need_pointer(encrypted_len);  // nothing comes out of RSA before the last part is in
    add_plain(*operation, input);
    *encrypted_len = 0;
    operation->updated = true;
    operation.keep();
  });
}

CK_RV C_EncryptFinal(CK_SESSION_HANDLE handle, CK_BYTE* last_part, CK_ULONG* last_part_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    OperationScope operation(session.encrypt);
    if (operation->cipher) return cipher_rest(operation, last_part, last_part_len);
    finish(operation, last_part, last_part_len);
  });
}
