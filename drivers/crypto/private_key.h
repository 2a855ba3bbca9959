// Private keys in the host's memory (of files): read, kept, used, written.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "apdu/bytes.h"
#include "drivers/crypto/hash.h"
#include "drivers/crypto/keys.h"

namespace kilt::crypto {

/// A private key that the host itself computes with.
class HostKey {
 public:
  HostKey() = default;
  HostKey(const HostKey&) = delete;
  HostKey& operator=(const HostKey&) = delete;
  virtual ~HostKey() = default;

  [[nodiscard]] virtual KeyType type() const = 0;
  /// Modulus length, or length of the curve's order.
  [[nodiscard]] virtual unsigned bits() const = 0;
  [[nodiscard]] virtual const PublicKey& public_key() const = 0;
  /// PrivateKeyInfo (PKCS#8) in DER, as the CA's software writes it.
  [[nodiscard]] virtual SecureBytes private_key_info() const = 0;

  /// RSA: a block of modulus length to the power of d. GOST: signs a hash value, s || r big-endian.
  /// The result is checked with the public key before it leaves. Throws InvalidData, Error.
  [[nodiscard]] virtual Bytes sign(BytesView input) const = 0;
  /// RSA: the whole block behind a cryptogram. NotSupported for other keys.
  [[nodiscard]] virtual SecureBytes decrypt(BytesView cryptogram) const = 0;
};

/// Reads a PrivateKeyInfo: RSA, GOST 34.310-2004 and GOST R 34.10-2015 with Kazakh or Russian
/// OBJECT IDENTIFIERs. Throws MalformedAnswer, InvalidData (a number out of range), NotSupported
/// with the reason (another algorithm, an unknown parameter set).
[[nodiscard]] std::unique_ptr<HostKey> read_private_key(BytesView private_key_info);
/// A key from its numbers. Throws InvalidData, NotSupported.
[[nodiscard]] std::unique_ptr<HostKey> make_rsa_key(const RsaPrivateKey& key);
/// `scalar` big-endian.
[[nodiscard]] std::unique_ptr<HostKey> make_gost_key(const Bytes& parameters,
                                                     const Bytes& hash_parameters,
                                                     const SecureBytes& scalar);
/// Fresh keys.
[[nodiscard]] std::unique_ptr<HostKey> generate_rsa_key(unsigned bits, BytesView public_exponent);
[[nodiscard]] std::unique_ptr<HostKey> generate_gost_key(const Bytes& parameters,
                                                         const Bytes& hash_parameters);

}  // namespace kilt::crypto
