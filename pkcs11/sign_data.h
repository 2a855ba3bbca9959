// What a signature is made of, common to signing and verifying.
#pragma once

#include "pkcs11/session.h"

namespace kilt::p11 {

/// Starts the host's hash if the mechanism has one.
void start_hash(SignOperation& operation);
/// Makes it an operation of a MAC. Throws Refusal as secret_key().
void start_mac(Session& session, SignOperation& operation, CK_OBJECT_HANDLE key,
               CK_ATTRIBUTE_TYPE usage);
/// Adds data: hashed at once, or kept. Throws Refusal(CKR_DATA_LEN_RANGE) for more than any
/// unhashed signature takes.
void add_data(SignOperation& operation, BytesView part);
/// The hash value, or the data as given. Throws Refusal(CKR_DATA_LEN_RANGE) if its length does not
/// fit the mechanism.
[[nodiscard]] Bytes data_to_sign(SignOperation& operation);
/// Data as a number of `size` bytes. Throws Refusal(CKR_DATA_LEN_RANGE).
[[nodiscard]] Bytes left_padded(const Bytes& data, std::size_t size);

}  // namespace kilt::p11
