// What the host computes itself: digests, paddings, public-key operations, X.509 fields. OpenSSL's
// libcrypto in a library context of our own (design decision 12).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "apdu/bytes.h"
#include "drivers/objects.h"
#include "drivers/token.h"

namespace kilt::p11::host {

/// Digest length in bytes; 0 for kNone.
[[nodiscard]] std::size_t digest_size(Hash hash) noexcept;

/// A running digest.
class Digest {
 public:
  explicit Digest(Hash hash);
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;
  ~Digest();
  void update(BytesView data);
  [[nodiscard]] Bytes finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};
[[nodiscard]] Bytes digest(Hash hash, BytesView data);

/// DigestInfo of PKCS#1 (RFC 8017, 9.2) around a hash value.
[[nodiscard]] Bytes digest_info(Hash hash, BytesView value);

/// EMSA-PKCS1-v1_5 block of `size` bytes around `data`. Throws InvalidData if it does not fit.
[[nodiscard]] Bytes pad_pkcs1_sign(BytesView data, std::size_t size);
/// EMSA-PSS (RFC 8017, 9.1.1) block for a modulus of `modulus_bits`. Throws InvalidData.
[[nodiscard]] Bytes pad_pss(BytesView hash_value, Hash hash, Hash mgf, std::size_t salt_size,
                            unsigned modulus_bits);

/// All ones or zero: a condition that nothing branches on.
using Mask = std::uint32_t;

/// A block with its padding found, not yet taken off. Neither a branch nor an address depended on
/// the block so far (tests/hardening/constant_time).
struct Unpadded {
  Bytes bytes;
  std::uint32_t start = 0;  ///< where in `bytes` the message begins
  Mask good = 0;
};
[[nodiscard]] Unpadded look_pkcs1(BytesView block, BytesView cryptogram);
[[nodiscard]] Unpadded look_oaep(BytesView block, Hash hash, Hash mgf, BytesView label);

/// Strips PKCS#1 v1.5 encryption padding in constant time. A block that is not padded right gives
/// a made-up message that depends on the cryptogram and a secret of this process only: no caller
/// can tell the two apart (implicit rejection, hardening rule 31).
[[nodiscard]] SecureBytes unpad_pkcs1(BytesView block, BytesView cryptogram);
/// Strips OAEP (RFC 8017, 7.1.2) in constant time. Throws InvalidData, always with the same text.
[[nodiscard]] SecureBytes unpad_oaep(BytesView block, Hash hash, Hash mgf, BytesView label);

/// SubjectPublicKeyInfo (RFC 5280; RFC 5480 for EC, RFC 4491 for GOST). Throws Inconsistent for
/// std::monostate.
[[nodiscard]] Bytes public_key_info(const PublicKey& key);

/// RSAVP1: signature or cryptogram to the power of e, as a block of modulus length. Throws
/// InvalidData if the input is not of modulus length or not below the modulus.
[[nodiscard]] Bytes rsa_public(const RsaPublicKey& key, BytesView input);
[[nodiscard]] bool rsa_verify_pkcs1(const RsaPublicKey& key, BytesView data, BytesView signature);
[[nodiscard]] bool rsa_verify_pss(const RsaPublicKey& key, BytesView hash_value, Hash hash,
                                  Hash mgf, std::size_t salt_size, BytesView signature);
[[nodiscard]] Bytes rsa_encrypt_pkcs1(const RsaPublicKey& key, BytesView data);
[[nodiscard]] Bytes rsa_encrypt_oaep(const RsaPublicKey& key, BytesView data, Hash hash, Hash mgf,
                                     BytesView label);
/// Signature as r || s.
/// The point lies on the curve (one that OpenSSL knows).
[[nodiscard]] bool is_on_curve(const EcPublicKey& key);
[[nodiscard]] bool ecdsa_verify(const EcPublicKey& key, BytesView hash_value, BytesView signature);

/// The fields PKCS#11 wants of a certificate, each in DER.
struct CertificateFields {
  Bytes subject, issuer, serial;
  PublicKey public_key;
  Bytes public_key_info;  ///< SubjectPublicKeyInfo
};
/// Nothing if the bytes are no certificate.
[[nodiscard]] std::optional<CertificateFields> parse_certificate(BytesView der);

}  // namespace kilt::p11::host
