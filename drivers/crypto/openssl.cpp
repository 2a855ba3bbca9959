#include "drivers/crypto/openssl.h"

#include <atomic>

#include <openssl/provider.h>

#include "drivers/crypto/errors.h"

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

const char* name_of(Hash hash) noexcept {
  switch (hash) {
    case Hash::kSha1:
      return "SHA1";
    case Hash::kSha224:
      return "SHA224";
    case Hash::kSha256:
      return "SHA256";
    case Hash::kSha384:
      return "SHA384";
    case Hash::kSha512:
      return "SHA512";
    case Hash::kStreebog256:
    case Hash::kStreebog512:
    case Hash::kGost94:
    case Hash::kGost94CryptoPro:
    case Hash::kNone:
      break;
  }
  return nullptr;
}

EvpMd fetch(Hash hash) {
  const char* name = name_of(hash);
  if (name == nullptr) throw NotSupported("this hash does not go with this kind of key");
  return need(EvpMd(EVP_MD_fetch(library(), name, nullptr)));
}

BigNumber number(BytesView big_endian) {
  return need(
      BigNumber(BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), nullptr)));
}

}  // namespace kilt::crypto
