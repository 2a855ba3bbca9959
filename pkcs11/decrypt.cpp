// Decryption: the private key's part on the token, the padding wherever the token leaves it
// (PKCS#11 v2.40 base, 5.9).
#include <algorithm>

#include "drivers/crypto/padding.h"
#include "drivers/crypto/rsa.h"
#include "pkcs11/cipher_use.h"
#include "pkcs11/key_use.h"

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
      return crypto::unpad_pkcs1(block.view(), cryptogram);
    case Scheme::kRsaOaep:
      return crypto::unpad_oaep(block.view(), mechanism.hash, mechanism.mgf, mechanism.label);
    default:
      return block;
  }
}

/// PKCS#1 v1.5 of a token that takes the padding off by itself. A bad padding must look like a good
/// one (Bleichenbacher's attack): the message then is a made-up one, as where the host does it, and
/// made in every case.
template <typename Decipher>
SecureBytes decrypt_on_token(const Bytes& cryptogram, Decipher decipher) {
  const Bytes no_padding(cryptogram.size(), 0x00);
  SecureBytes made_up = crypto::unpad_pkcs1(no_padding, cryptogram);
  try {
    SecureBytes answer = decipher();
    // A message is shorter than its cryptogram: an answer as long as it is the block, padding and
    // all.
    if (answer.size() == cryptogram.size()) return crypto::unpad_pkcs1(answer.view(), cryptogram);
    return answer;
  } catch (const InvalidData&) {
    return made_up;
  }
}

/// The block must be what the handle's key makes of the cryptogram: another process may have put
/// another key in its place, and not every token's directory shows that. What the padding is like
/// does not matter here: nothing is told of it.
void check_deciphered(Session& session, KeyObject& key, const SecureBytes& block,
                      const Bytes& cryptogram) {
  const auto* rsa = std::get_if<RsaPublicKey>(&key.public_key(session.slot().objects()));
  if (rsa == nullptr || crypto::rsa_is_private_of(*rsa, cryptogram, block.view())) return;
  session.slot().objects().look_for(key);
  throw MalformedAnswer("the token did not decipher with this key");
}

}  // namespace

SecureBytes kilt::p11::decrypt_with_key(Session& session, CryptOperation& operation) {
  KeyObject& key = *operation.key;
  refuse_if(key.key().always_authenticate && !operation.context_login, CKR_USER_NOT_LOGGED_IN);
  Slot& slot = session.slot();
  const DecryptScheme scheme = choose_scheme(operation.mechanism, slot.capabilities());
  const auto decipher = [&] {
    return slot.use_key(key, Look::kBefore, [&](Token& token, const Key& stored) {
      return token.decrypt(stored, scheme, operation.mechanism.hash, operation.data);
    });
  };
  if (scheme == DecryptScheme::kRsaPkcs1) return decrypt_on_token(operation.data, decipher);
  SecureBytes block = decipher();
  if (scheme != DecryptScheme::kRsaRaw) return block;
  if (block.size() != operation.data.size())
    throw MalformedAnswer("the decrypted block has a wrong length");
  check_deciphered(session, key, block, operation.data);
  return unpad(operation.mechanism, std::move(block), operation.data);
}

namespace {

/// Gives the plaintext; a caller that only asks for the size learns the most it can be, before
/// the token is bothered.
void finish(Session& session, OperationScope<CryptOperation>& operation, CK_BYTE* data,
            CK_ULONG* data_len) {
  const std::size_t size = block_size(*operation->key, session.slot().objects());
  refuse_if(operation->data.size() != size, CKR_ENCRYPTED_DATA_LEN_RANGE);
  need_pointer(data_len);
  if (data == nullptr) {
    *data_len = operation->result ? operation->result->size() : size;
    operation.keep();
    return;
  }
  try {
    if (!operation->result) operation->result = decrypt_with_key(session, *operation);
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
    if (operation.mechanism.spec.scheme == Scheme::kCipher)
      begin_cipher(session, operation, key, false);
    else
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
    if (operation->cipher) return cipher_whole(operation, input, data, data_len);
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
  return session_entry(__func__, handle, [&](Session& session) {
    OperationScope operation(session.decrypt);
    const BytesView input = input_bytes(encrypted, encrypted_len);
    if (operation->cipher) return cipher_part(operation, input, data, data_len);
    need_pointer(data_len);  // nothing comes out of RSA before the last part is in
    add_cryptogram(*operation, input);
    *data_len = 0;
    operation->updated = true;
    operation.keep();
  });
}

CK_RV C_DecryptFinal(CK_SESSION_HANDLE handle, CK_BYTE* last_part, CK_ULONG* last_part_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    OperationScope operation(session.decrypt);
    if (operation->cipher) return cipher_rest(operation, last_part, last_part_len);
    finish(session, operation, last_part, last_part_len);
  });
}
