#include "pkcs11/cipher_use.h"

#include <algorithm>

#include "pkcs11/key_use.h"

namespace kilt::p11 {
namespace {

[[noreturn]] void refuse_data(const crypto::Cipher& cipher) {
  throw Refusal(cipher.encrypts() ? CKR_DATA_LEN_RANGE : CKR_ENCRYPTED_DATA_INVALID);
}

Bytes updated(crypto::Cipher& cipher, BytesView input) {
  try {
    return cipher.update(input);
  } catch (const InvalidData&) {
    refuse_data(cipher);
  }
}

Bytes finished(crypto::Cipher& cipher) {
  refuse_if(!cipher.length_fits(),
            cipher.encrypts() ? CKR_DATA_LEN_RANGE : CKR_ENCRYPTED_DATA_LEN_RANGE);
  try {
    return cipher.finish();
  } catch (const InvalidData&) {
    refuse_data(cipher);
  }
}

/// The result was made once and waits until the buffer is large enough.
void give(OperationScope<CryptOperation>& operation, CK_BYTE* output, CK_ULONG* output_len) {
  const BytesView result = operation->result->view();
  if (operation.room(result.size(), output, output_len)) std::ranges::copy(result, output);
}

/// True if only the size was asked for, which is then given.
bool asks_size(OperationScope<CryptOperation>& operation, std::size_t more, const CK_BYTE* output,
               CK_ULONG* output_len) {
  need_pointer(output_len);
  if (output != nullptr) return false;
  *output_len = operation->result ? operation->result->size() : operation->cipher->whole_size(more);
  operation.keep();
  return true;
}

}  // namespace

void begin_cipher(Session& session, CryptOperation& operation, CK_OBJECT_HANDLE key, bool encrypt) {
  operation.secret =
      secret_key(session, key, operation.mechanism, encrypt ? CKA_ENCRYPT : CKA_DECRYPT);
  try {
    operation.cipher.emplace(operation.mechanism.cipher, operation.secret->secret(), encrypt);
  } catch (const InvalidData&) {
    throw Refusal(CKR_MECHANISM_PARAM_INVALID);
  }
}

void cipher_whole(OperationScope<CryptOperation>& operation, BytesView input, CK_BYTE* output,
                  CK_ULONG* output_len) {
  if (asks_size(operation, input.size(), output, output_len)) return;
  if (!operation->result) {
    Bytes all = updated(*operation->cipher, input);
    append(all, finished(*operation->cipher));
    operation->result.emplace(std::move(all));
    if (*output_len < operation->result->size()) operation->data = to_bytes(input);
  } else {
    // After a buffer that was too small the same data comes again.
    refuse_if(!equal(operation->data, input), CKR_ARGUMENTS_BAD);
  }
  give(operation, output, output_len);
}

void cipher_part(OperationScope<CryptOperation>& operation, BytesView input, CK_BYTE* output,
                 CK_ULONG* output_len) {
  const std::size_t size = operation->cipher->update_size(input.size());
  if (!operation.room(size, output, output_len)) return;  // only the size was asked for
  std::ranges::copy(updated(*operation->cipher, input), output);
  operation->updated = true;
  operation.keep();
}

void cipher_rest(OperationScope<CryptOperation>& operation, CK_BYTE* output, CK_ULONG* output_len) {
  if (asks_size(operation, 0, output, output_len)) return;
  if (!operation->result) operation->result.emplace(finished(*operation->cipher));
  give(operation, output, output_len);
}

}  // namespace kilt::p11
