// A key object and a mechanism brought together, for operations with private and public keys.
#pragma once

#include "pkcs11/session.h"

namespace kilt::p11 {

/// Size in bytes of a block or signature made with the key: the modulus of RSA, twice the order
/// else.
[[nodiscard]] std::size_t block_size(KeyObject& key, Loader& loader);
[[nodiscard]] std::size_t block_size(const PublicKey& key);

/// Throws Refusal(CKR_KEY_TYPE_INCONSISTENT) unless the mechanism works with this type of key.
void check_key_type(const Mechanism& mechanism, KeyType type);

/// check_mechanism() for the use of a private key; for a key that the token cannot use at all it
/// throws NotSupported with the reason, which says more than CKR_MECHANISM_INVALID.
[[nodiscard]] Mechanism key_mechanism(Session& session, const CK_MECHANISM* mechanism,
                                      CK_FLAGS flag, CK_OBJECT_HANDLE handle);

/// The private key behind a handle, fit for the mechanism. Throws Refusal: CKR_KEY_HANDLE_INVALID,
/// CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED; PinExpired by policy; NotSupported
/// for a key the token holds but cannot use.
[[nodiscard]] std::shared_ptr<KeyObject> private_key(Session& session, CK_OBJECT_HANDLE handle,
                                                     const Mechanism& mechanism,
                                                     bool KeyUsage::*usage);

/// The public key behind a handle (token or session object), read if need be. Throws Refusal as
/// above.
[[nodiscard]] PublicKey public_key(Session& session, CK_OBJECT_HANDLE handle,
                                   const Mechanism& mechanism, CK_ATTRIBUTE_TYPE usage);

/// The secret key behind a handle, which the host keeps. Throws Refusal as above.
[[nodiscard]] SessionObjectPtr secret_key(Session& session, CK_OBJECT_HANDLE handle,
                                          const Mechanism& mechanism, CK_ATTRIBUTE_TYPE usage);

/// `data` under a public key. Throws InvalidData if it is too long.
[[nodiscard]] Bytes encrypt_with_key(const Mechanism& mechanism, const PublicKey& key,
                                     BytesView data);
/// The operation's data deciphered by its private key, the padding taken off. Throws InvalidData
/// for data that the key did not encrypt.
[[nodiscard]] SecureBytes decrypt_with_key(Session& session, CryptOperation& operation);

}  // namespace kilt::p11
