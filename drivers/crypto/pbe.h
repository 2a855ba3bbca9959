// Encryption under a password, as PKCS#12 files have it (RFC 7292 appendix B and C; PBES2 of RFC
// 8018). RC2 by nettle: OpenSSL has it in its legacy provider only, which is not loaded here.
#pragma once

#include <optional>
#include <string>

#include "apdu/bytes.h"
#include "drivers/crypto/password.h"

namespace kilt::crypto {

/// Bounds: a hostile file must not keep the host busy for ever.
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
inline constexpr unsigned kMaxIterations = 20'000;
#else
inline constexpr unsigned kMaxIterations = 10'000'000;
#endif
inline constexpr std::size_t kMaxSalt = 1024;

/// DER AlgorithmIdentifier of an encryption this host reads; the name for people, nothing if not.
[[nodiscard]] std::optional<std::string> encryption_name(BytesView algorithm);

/// Deciphers. Throws InvalidData for wrong padding (a wrong password, mostly), NotSupported with a
/// reason for an algorithm that is not known, MalformedAnswer.
[[nodiscard]] SecureBytes decrypt_with_password(BytesView algorithm, const Password& password,
                                                BytesView cryptogram);
/// Enciphers by an AlgorithmIdentifier, as decrypt_with_password() reads it.
[[nodiscard]] Bytes encrypt_with_password(BytesView algorithm, const Password& password,
                                          BytesView plain);

enum class Encryption {
  kTripleDes,  ///< pbeWithSHAAnd3-KeyTripleDES-CBC: what the CA's software writes and reads
  kAes256,     ///< PBES2: PBKDF2 with HMAC-SHA-256, AES-256-CBC
};
/// A fresh AlgorithmIdentifier with a new salt.
[[nodiscard]] Bytes new_encryption(Encryption encryption, unsigned iterations);
/// The same kind of encryption with a fresh salt (and initialisation vector).
[[nodiscard]] Bytes renewed_encryption(BytesView algorithm);

}  // namespace kilt::crypto
