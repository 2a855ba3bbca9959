#include "drivers/crypto/hash.h"

#include "apdu/errors.h"
#include "drivers/crypto/gost_hash.h"
#include "drivers/crypto/openssl.h"

namespace kilt::crypto {

std::size_t digest_size(Hash hash) noexcept {
  switch (hash) {
    case Hash::kSha1:
      return 20;
    case Hash::kSha224:
      return 28;
    case Hash::kSha256:
    case Hash::kStreebog256:
    case Hash::kGost94:
    case Hash::kGost94CryptoPro:
      return 32;
    case Hash::kSha384:
      return 48;
    case Hash::kSha512:
    case Hash::kStreebog512:
      return 64;
    case Hash::kNone:
      break;
  }
  return 0;
}

struct Digest::Impl {
  std::unique_ptr<GostHash> gost;  ///< if it is one of GOST's; else OpenSSL's
  EvpMd algorithm;
  EvpMdCtx running;
};

Digest::Digest(Hash hash) : impl_(std::make_unique<Impl>()) {
  impl_->gost = make_gost_hash(hash);
  if (impl_->gost) return;
  impl_->algorithm = fetch(hash);
  impl_->running = need(EvpMdCtx(EVP_MD_CTX_new()));
  if (EVP_DigestInit_ex2(impl_->running.get(), impl_->algorithm.get(), nullptr) != 1)
    throw Error("the digest cannot be started");
}
Digest::Digest(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

void Digest::update(BytesView data) {
  if (impl_->gost) {
    impl_->gost->update(data);
    return;
  }
  if (EVP_DigestUpdate(impl_->running.get(), data.data(), data.size()) != 1)
    throw Error("the digest failed");
}

Bytes Digest::finish() {
  if (impl_->gost) return impl_->gost->finish();
  Bytes value(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  if (EVP_DigestFinal_ex(impl_->running.get(), value.data(), &size) != 1)
    throw Error("the digest failed");
  value.resize(size);
  return value;
}

Digest Digest::clone() const {
  auto copy = std::make_unique<Impl>();
  if (impl_->gost) {
    copy->gost = impl_->gost->clone();
    return Digest(std::move(copy));
  }
  copy->running = need(EvpMdCtx(EVP_MD_CTX_new()));
  if (EVP_MD_CTX_copy_ex(copy->running.get(), impl_->running.get()) != 1)
    throw Error("the digest cannot be copied");
  return Digest(std::move(copy));
}

Bytes digest(Hash hash, BytesView data) {
  Digest running(hash);
  running.update(data);
  return running.finish();
}

Bytes md5(BytesView data) {
  Bytes value(16);
  std::size_t size = value.size();
  if (EVP_Q_digest(library(), "MD5", nullptr, data.data(), data.size(), value.data(), &size) != 1)
    throw Error("MD5 is not to be had");
  return value;
}

Bytes sha1(BytesView data) { return digest(Hash::kSha1, data); }

}  // namespace kilt::crypto
