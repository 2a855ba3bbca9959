// Hashes: SHA by OpenSSL's libcrypto, GOST's by nettle.
#pragma once

#include <cstddef>
#include <memory>

#include "apdu/bytes.h"

namespace kilt {

enum class Hash {
  kNone,
  kSha1,
  kSha224,
  kSha256,
  kSha384,
  kSha512,
  kStreebog256,      ///< GOST R 34.11-2012, 256 bits
  kStreebog512,      ///< GOST R 34.11-2012, 512 bits: with the CA's keys of 512 bits
  kGost94,           ///< GOST 34.311-95, S-boxes of id-GostR3411-94-TestParamSet: the CA's
  kGost94CryptoPro,  ///< GOST R 34.11-94, S-boxes of id-GostR3411-94-CryptoProParamSet
};

}  // namespace kilt

namespace kilt::crypto {

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
  /// Another one that has digested the same so far.
  [[nodiscard]] Digest clone() const;

 private:
  struct Impl;
  explicit Digest(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};
[[nodiscard]] Bytes digest(Hash hash, BytesView data);

/// MD5, for an old token's login that is made of it.
[[nodiscard]] Bytes md5(BytesView data);
/// SHA-1, for object identifiers and for protocols that are made of it.
[[nodiscard]] Bytes sha1(BytesView data);

}  // namespace kilt::crypto
