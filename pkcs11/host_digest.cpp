#include <atomic>

#include "pkcs11/host_crypto.h"
#include "pkcs11/host_openssl.h"

namespace kilt::p11::host {
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
    case Hash::kNone:
      break;
  }
  return nullptr;
}

EvpMd fetch(Hash hash) {
  return need(EvpMd(EVP_MD_fetch(crypto::library(), name_of(hash), nullptr)));
}

std::size_t digest_size(Hash hash) noexcept {
  switch (hash) {
    case Hash::kSha1:
      return 20;
    case Hash::kSha224:
      return 28;
    case Hash::kSha256:
      return 32;
    case Hash::kSha384:
      return 48;
    case Hash::kSha512:
      return 64;
    case Hash::kNone:
      break;
  }
  return 0;
}

struct Digest::Impl {
  EvpMd algorithm;
  EvpMdCtx running;
};

Digest::Digest(Hash hash) : impl_(std::make_unique<Impl>()) {
  impl_->algorithm = fetch(hash);
  impl_->running = need(EvpMdCtx(EVP_MD_CTX_new()));
  if (EVP_DigestInit_ex2(impl_->running.get(), impl_->algorithm.get(), nullptr) != 1)
    throw Error("the digest cannot be started");
}
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

void Digest::update(BytesView data) {
  if (EVP_DigestUpdate(impl_->running.get(), data.data(), data.size()) != 1)
    throw Error("the digest failed");
}

Bytes Digest::finish() {
  Bytes value(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  if (EVP_DigestFinal_ex(impl_->running.get(), value.data(), &size) != 1)
    throw Error("the digest failed");
  value.resize(size);
  return value;
}

Bytes digest(Hash hash, BytesView data) {
  Digest running(hash);
  running.update(data);
  return running.finish();
}

}  // namespace kilt::p11::host
