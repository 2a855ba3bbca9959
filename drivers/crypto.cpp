#include "drivers/crypto.h"

#include <atomic>
#include <new>

#include <openssl/evp.h>
#include <openssl/provider.h>

#include "apdu/errors.h"

namespace kilt::crypto {
namespace {

std::atomic<OSSL_LIB_CTX*> context{nullptr};

}  // namespace

void warm_up() {
  if (context.load(std::memory_order_acquire) != nullptr) return;
  OSSL_LIB_CTX* fresh = OSSL_LIB_CTX_new();
  if (fresh == nullptr) throw std::bad_alloc();
  OSSL_PROVIDER_load(fresh, "default");
  OSSL_LIB_CTX* expected = nullptr;
  // Two threads may come here at once; one context wins, the other is given back.
  if (!context.compare_exchange_strong(expected, fresh)) OSSL_LIB_CTX_free(fresh);
}

OSSL_LIB_CTX* library() {
  warm_up();
  return context.load(std::memory_order_acquire);
}

Bytes sha1(BytesView data) {
  Bytes value(20);
  std::size_t size = value.size();
  if (EVP_Q_digest(library(), "SHA1", nullptr, data.data(), data.size(), value.data(), &size) != 1)
    throw Error("the digest failed");
  return value;
}

}  // namespace kilt::crypto
