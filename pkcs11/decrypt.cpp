// Decryption: the private key's part on the token, the padding wherever the token leaves it
// (PKCS#11 v2.40 base, 5.9).
#include <algorithm>

#include "pkcs11/key_use.h"
#include "pkcs11/operation.h"

using namespace kilt;
using namespace kilt::p11;

namespace {

DecryptScheme choose_scheme(const Mechanism& mechanism, const Capabilities& token) {
  // Raw first: the host strips the padding in constant time.
  if (token.has(DecryptScheme::kRsaRaw)) return DecryptScheme::kRsaRaw;
  return mechanism.spec.scheme == Scheme::kRsaOaep ? DecryptScheme::kRsaOaep
                                                   : DecryptScheme::kRsaPkcs1;
}

SecureBytes unpad(const Mechanism& mechanism, SecureBytes block, BytesView cryptogram) {
  switch (mechanism.spec.scheme) {
    case Scheme::kRsaPkcs1:
      return host::unpad_pkcs1(block.view(), cryptogram);
    case Scheme::kRsaOaep:
      return host::unpad_oaep(block.view(), mechanism.hash, mechanism.mgf, mechanism.label);
    default:
      return block;
  }
}

SecureBytes decrypt(Session& session, CryptOperation& operation) {
  const KeyObject& key = *operation.key;
  refuse_if(key.key().always_authenticate && !operation.context_login, CKR_USER_NOT_LOGGED_IN);
  Slot& slot = session.slot();
  const DecryptScheme scheme = choose_scheme(operation.mechanism, slot.capabilities());
  SecureBytes block = slot.with_token(Repeat::kNever, [&](Token& token) {
    return token.decrypt(key.key(), scheme, operation.mechanism.hash, operation.data);
  });
  // A message is shorter than its cryptogram: an answer as long as it is the block, padding and
  // all.
  const bool left_padded =
      scheme == DecryptScheme::kRsaPkcs1 && block.size() == operation.data.size();
  if (scheme != DecryptScheme::kRsaRaw && !left_padded) return block;
  if (block.size() != operation.data.size())
    throw MalformedAnswer("the decrypted block has a wrong length");
  return unpad(operation.mechanism, std::move(block), operation.data);
}

/// Gives the plaintext; a caller that only asks for the size learns the most it can be, before
/// the token is bothered.
void finish(Session& session, OperationScope<CryptOperation>& operation, CK_BYTE* data,
            CK_ULONG* data_len) {
  const std::size_t size = block_size(*operation->key, session.slot().loader());
  refuse_if(operation->data.size() != size, CKR_ENCRYPTED_DATA_LEN_RANGE);
  need_pointer(data_len);
  if (data == nullptr) {
    *data_len = operation->result ? operation->result->size() : size;
    operation.keep();
    return;
  }
  try {
    if (!operation->result) operation->result = decrypt(session, *operation);
  } catch (const InvalidData&) {
    throw Refusal(CKR_ENCRYPTED_DATA_INVALID);
  }
  if (operation.room(operation->result->size(), data, data_len))
    std::ranges::copy(operation->result->view(), data);
}

/// Takes more of the cryptogram; never more than one block of the largest key.
void add_cryptogram(CryptOperation& operation, BytesView part) {
  constexpr std::size_t kMaxBlock = 1024;
  refuse_if(part.size() > kMaxBlock || operation.data.size() + part.size() > kMaxBlock,
            CKR_ENCRYPTED_DATA_LEN_RANGE);
  append(operation.data, part);
}

}  // namespace

CK_RV C_DecryptInit(CK_SESSION_HANDLE handle, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  return session_entry(__func__, handle, [&](Session& session) {
    if (cancelled(session.decrypt, mechanism)) return;
    CryptOperation operation;
    operation.mechanism = key_mechanism(session, mechanism, CKF_DECRYPT, key);
    operation.key = private_key(session, key, operation.mechanism, &KeyUsage::decrypt);
    session.decrypt = std::move(operation);
  });
}

CK_RV C_Decrypt(CK_SESSION_HANDLE handle, CK_BYTE* encrypted, CK_ULONG encrypted_len, CK_BYTE* data,
                CK_ULONG* data_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    OperationScope operation(session.decrypt);
    refuse_if(operation->updated, CKR_OPERATION_ACTIVE);
    const BytesView input = input_bytes(encrypted, encrypted_len);
    // A second call (larger buffer) brings the same cryptogram again.
    if (!equal(operation->data, input)) {
      operation->data.clear();
      operation->result.reset();
      add_cryptogram(*operation, input);
    }
    finish(session, operation, data, data_len);
  });
}

CK_RV C_DecryptUpdate(CK_SESSION_HANDLE handle, CK_BYTE* encrypted, CK_ULONG encrypted_len,
                      CK_BYTE* data, CK_ULONG* data_len) {
  static_cast<void>(data);  // nothing comes out before the last part is in
  return session_entry(__func__, handle, [&](Session& session) {
    OperationScope operation(session.decrypt);
    const BytesView input = input_bytes(encrypted, encrypted_len);
    need_pointer(data_len);
    add_cryptogram(*operation, input);
    *data_len = 0;
    operation->updated = true;
    operation.keep();
  });
}

CK_RV C_DecryptFinal(CK_SESSION_HANDLE handle, CK_BYTE* last_part, CK_ULONG* last_part_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    OperationScope operation(session.decrypt);
    finish(session, operation, last_part, last_part_len);
  });
}
