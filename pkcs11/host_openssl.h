// OpenSSL objects as RAII, and the library context of this module. For host_*.cpp only.
#pragma once

#include <memory>

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "apdu/errors.h"
#include "drivers/crypto.h"
#include "drivers/token.h"

namespace kilt::p11::host {

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
using BigNumber = std::unique_ptr<BIGNUM, Deleter<BN_clear_free>>;
using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;

/// OpenSSL's name of a hash, nullptr for kNone.
[[nodiscard]] const char* name_of(Hash hash) noexcept;
[[nodiscard]] EvpMd fetch(Hash hash);

/// Throws std::bad_alloc if OpenSSL gave no object.
template <typename T>
T need(T object) {
  if (!object) throw std::bad_alloc();
  return object;
}

}  // namespace kilt::p11::host
