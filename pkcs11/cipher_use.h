// Encryption and decryption with a secret key that the host keeps: the part that C_Encrypt… and
// C_Decrypt… share.
#pragma once

#include "pkcs11/operation.h"

namespace kilt::p11 {

/// Makes the operation one of a cipher. Throws Refusal as secret_key(),
/// CKR_MECHANISM_PARAM_INVALID.
void begin_cipher(Session& session, CryptOperation& operation, CK_OBJECT_HANDLE key, bool encrypt);

// The three ways to go on; each follows PKCS#11's convention for returning bytes (5.2). They throw
// Refusal: CKR_DATA_LEN_RANGE, CKR_ENCRYPTED_DATA_LEN_RANGE, CKR_ENCRYPTED_DATA_INVALID.
void cipher_whole(OperationScope<CryptOperation>& operation, BytesView input, CK_BYTE* output,
                  CK_ULONG* output_len);
void cipher_part(OperationScope<CryptOperation>& operation, BytesView input, CK_BYTE* output,
                 CK_ULONG* output_len);
void cipher_rest(OperationScope<CryptOperation>& operation, CK_BYTE* output, CK_ULONG* output_len);

}  // namespace kilt::p11
