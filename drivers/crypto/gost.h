// GOST R 34.10-2015 (2012, 2001) and GOST 34.310-2004: signatures on the host, by nettle.
//
// Signatures here are s || r, each big-endian, as PKCS#11's GOSTR3410 has them. The Kazakh form
// (certificates, CMS, XML: r || s, each little-endian) is the whole of it reversed;
// kazakh_signature() turns one into the other, either way. Hash values go in as the hash functions
// give them.
#pragma once

#include <memory>

#include "apdu/bytes.h"
#include "drivers/crypto/gost_curve.h"

namespace kilt::crypto {

/// s || r big-endian to r || s little-endian, and back.
[[nodiscard]] Bytes kazakh_signature(BytesView signature);

/// The point lies on its curve. False for a parameter set that is not known.
[[nodiscard]] bool gost_is_on_curve(const GostPublicKey& key);

/// Verifies a signature of a hash value. Not in constant time: all of it is public. False for an
/// unknown parameter set, wrong lengths, a point off the curve, r or s of 0 or not below q.
[[nodiscard]] bool gost_verify(const GostPublicKey& key, BytesView hash_value, BytesView signature);

/// A private key of GOST in the host's memory, wiped when freed.
class GostKey {
 public:
  /// `scalar` little-endian, as long as a coordinate. Throws InvalidData for 0 and q or more,
  /// NotSupported for a curve that the host only verifies.
  GostKey(GostCurve curve, BytesView scalar);
  /// A fresh key. Throws Error without random numbers.
  [[nodiscard]] static GostKey generate(GostCurve curve);
  GostKey(GostKey&&) noexcept;
  GostKey& operator=(GostKey&&) noexcept;
  ~GostKey();

  [[nodiscard]] GostCurve curve() const noexcept;
  /// X || Y, each little-endian.
  [[nodiscard]] const Bytes& point() const noexcept;
  /// Little-endian, for storing the key.
  [[nodiscard]] SecureBytes scalar() const;
  /// Signs a hash value as long as a coordinate (InvalidData else). The nonce comes from the
  /// kernel; the signature is verified before it leaves, so that a fault costs an error, not the
  /// key. Throws Error if either fails.
  [[nodiscard]] Bytes sign(BytesView hash_value) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kilt::crypto
