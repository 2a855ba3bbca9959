// OpenSSL: the one library context of this module (design decision 12: no setting of the process
// is read or changed beyond OpenSSL's own start), and its objects as RAII. Shared by drivers and
// the host's side of PKCS#11.
#pragma once

#include <memory>
#include <new>

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "apdu/bytes.h"
#include "drivers/crypto/hash.h"

namespace kilt::crypto {

/// Creates the context. Must run before any lock is taken: OpenSSL may load engines at its start,
/// one of which may load this module again. Cheap after the first time.
void warm_up();
/// The context, never freed (nothing happens at exit). Throws std::bad_alloc.
[[nodiscard]] OSSL_LIB_CTX* library();

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using EvpPkey = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using EvpPkeyCtx = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using EvpMd = std::unique_ptr<EVP_MD, Deleter<EVP_MD_free>>;
using EvpMdCtx = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using EvpCipher = std::unique_ptr<EVP_CIPHER, Deleter<EVP_CIPHER_free>>;
using EvpCipherCtx = std::unique_ptr<EVP_CIPHER_CTX, Deleter<EVP_CIPHER_CTX_free>>;
using BigNumber = std::unique_ptr<BIGNUM, Deleter<BN_clear_free>>;
using BigNumberCtx = std::unique_ptr<BN_CTX, Deleter<BN_CTX_free>>;
using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;
using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free>>;

/// OpenSSL's name of a hash, nullptr for kNone and for GOST's.
[[nodiscard]] const char* name_of(Hash hash) noexcept;
/// Throws NotSupported for a hash that OpenSSL lacks.
[[nodiscard]] EvpMd fetch(Hash hash);

/// Throws std::bad_alloc if OpenSSL gave no object.
template <typename T>
T need(T object) {
  if (!object) throw std::bad_alloc();
  return object;
}

/// DER of an OpenSSL object by its i2d function; empty if it cannot be encoded.
template <typename T, typename Encode>
[[nodiscard]] Bytes der_of(const T* object, Encode encode) {
  unsigned char* raw = nullptr;
  const int size = encode(object, &raw);
  if (size <= 0) return {};
  Bytes der(raw, raw + size);
  OPENSSL_clear_free(raw, static_cast<std::size_t>(size));
  return der;
}

/// Big-endian bytes as a number.
[[nodiscard]] BigNumber number(BytesView big_endian);

}  // namespace kilt::crypto
