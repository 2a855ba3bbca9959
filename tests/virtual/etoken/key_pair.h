// A key pair inside a virtual eToken, and certificates for it.
#pragma once

#include <memory>

#include <openssl/types.h>

#include "tests/virtual/card.h"

namespace kilt::vtoken::etoken {

/// RSA or EC; copies share the key. A default-made one holds none.
class KeyPair {
 public:
  KeyPair() = default;
  static KeyPair rsa(unsigned bits);
  /// `curve` by OpenSSL's name: P-256, P-384, P-521.
  static KeyPair ec(const char* curve);
  /// From the primes and the public exponent. Throws std::invalid_argument.
  static KeyPair rsa_from_primes(const Bytes& p, const Bytes& q, const Bytes& exponent);
  /// PKCS#8 in DER. Throws std::invalid_argument.
  static KeyPair load(const Bytes& der);
  [[nodiscard]] Bytes save() const;

  [[nodiscard]] explicit operator bool() const { return key_ != nullptr; }
  [[nodiscard]] bool is_rsa() const;
  [[nodiscard]] unsigned bits() const;
  /// Bytes of the modulus, or of a coordinate.
  [[nodiscard]] std::size_t size() const;

  [[nodiscard]] Bytes modulus() const;
  [[nodiscard]] Bytes exponent() const;
  /// 04, X, Y
  [[nodiscard]] Bytes point() const;
  [[nodiscard]] EVP_PKEY* get() const { return key_.get(); }

  /// The RSA operation on a block of size() bytes; empty if the block is not below the modulus.
  [[nodiscard]] Bytes raw(const Bytes& block) const;
  /// r and s, size() bytes each.
  [[nodiscard]] Bytes ecdsa(const Bytes& hash) const;
  /// X of the shared point; empty if `point` is not on the curve.
  [[nodiscard]] Bytes ecdh(const Bytes& point) const;
  /// PSS with salt as long as the hash; `digest` by OpenSSL's name.
  [[nodiscard]] Bytes pss(const char* digest, const Bytes& hash) const;
  /// The message inside; nothing readable of why not. `digest` as above, null for PKCS#1 v1.5.
  [[nodiscard]] bool decipher(const char* digest, const Bytes& cryptogram, Bytes& message) const;

 private:
  explicit KeyPair(EVP_PKEY* key);
  std::shared_ptr<EVP_PKEY> key_;
};

/// A certificate for the key, signed by itself, of exactly `size` bytes if that is not 0 (made so
/// by a comment). DER.
[[nodiscard]] Bytes make_certificate(const KeyPair& key, const std::string& name,
                                     std::size_t size = 0);

}  // namespace kilt::vtoken::etoken
