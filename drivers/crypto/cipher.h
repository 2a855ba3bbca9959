// Block ciphers, key wrap and HMAC with secret keys that the host keeps, by OpenSSL.
#pragma once

#include <memory>

#include "apdu/bytes.h"
#include "drivers/crypto/hash.h"

namespace kilt::crypto {

enum class BlockCipher { kAes, kDes3 };
enum class CipherMode { kEcb, kCbc, kCbcPad, kGcm };

struct CipherParameters {
  BlockCipher cipher = BlockCipher::kAes;
  CipherMode mode = CipherMode::kCbc;
  Bytes iv;
  Bytes more;                ///< GCM: authenticated beside the data
  std::size_t tag_size = 0;  ///< GCM, bytes
};

[[nodiscard]] std::size_t cipher_block_size(BlockCipher cipher) noexcept;

/// An encryption or decryption under way. GCM decrypts at the end only: nothing comes out before
/// its tag was checked.
class Cipher {
 public:
  /// Throws InvalidData if OpenSSL does not take the parameters.
  Cipher(const CipherParameters& parameters, BytesView key, bool encrypt);
  Cipher(Cipher&&) noexcept;
  Cipher& operator=(Cipher&&) noexcept;
  ~Cipher();

  [[nodiscard]] bool encrypts() const noexcept;
  /// Bytes that update() gives for `size` more.
  [[nodiscard]] std::size_t update_size(std::size_t size) const noexcept;
  /// Bytes that `size` more and finish() give at most.
  [[nodiscard]] std::size_t whole_size(std::size_t size) const noexcept;
  /// Throws InvalidData for more data than can be.
  [[nodiscard]] Bytes update(BytesView data);
  /// The length of all data is one that the mode can have.
  [[nodiscard]] bool length_fits() const noexcept;
  /// Throws InvalidData: wrong padding, wrong tag.
  [[nodiscard]] Bytes finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// AES key wrap (RFC 3394). Throws InvalidData for lengths that it does not take and for a wrapped
/// key that was changed.
[[nodiscard]] Bytes aes_wrap(BytesView wrapping_key, BytesView key);
[[nodiscard]] SecureBytes aes_unwrap(BytesView wrapping_key, BytesView wrapped);

/// HMAC under way.
class Mac {
 public:
  Mac(Hash hash, BytesView key);
  Mac(Mac&&) noexcept;
  Mac& operator=(Mac&&) noexcept;
  ~Mac();
  void update(BytesView data);
  [[nodiscard]] Bytes finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kilt::crypto
