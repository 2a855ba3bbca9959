#include "drivers/crypto/gost_hash.h"

#include <nettle/gosthash94.h>
#include <nettle/streebog.h>

#include "drivers/crypto/nettle.h"

namespace kilt::crypto {
namespace {

/// One of nettle's hashes: its context and its three functions.
template <typename Context, auto Init, auto Update, auto Finish, std::size_t Size>
class NettleHash : public GostHash {
 public:
  NettleHash() { Init(&context_); }
  ~NettleHash() override { wipe(&context_, sizeof context_); }
  NettleHash(const NettleHash&) = delete;
  NettleHash& operator=(const NettleHash&) = delete;

  void update(BytesView data) override { Update(&context_, data.size(), data.data()); }
  [[nodiscard]] Bytes finish() override {
    Bytes value(Size);
    nettle_finish(Finish, &context_, value);
    return value;
  }
  [[nodiscard]] std::unique_ptr<GostHash> clone() const override {
    auto copy = std::make_unique<NettleHash>();
    copy->context_ = context_;
    return copy;
  }

 private:
  Context context_;
};

}  // namespace

std::unique_ptr<GostHash> make_gost_hash(Hash hash) {
  switch (hash) {
    case Hash::kStreebog256:
      return std::make_unique<NettleHash<streebog256_ctx, streebog256_init, streebog512_update,
                                         streebog256_digest, STREEBOG256_DIGEST_SIZE>>();
    case Hash::kStreebog512:
      return std::make_unique<NettleHash<streebog512_ctx, streebog512_init, streebog512_update,
                                         streebog512_digest, STREEBOG512_DIGEST_SIZE>>();
    case Hash::kGost94:
      return std::make_unique<NettleHash<gosthash94_ctx, gosthash94_init, gosthash94_update,
                                         gosthash94_digest, GOSTHASH94_DIGEST_SIZE>>();
    case Hash::kGost94CryptoPro:
      return std::make_unique<NettleHash<gosthash94cp_ctx, gosthash94_init, gosthash94cp_update,
                                         gosthash94cp_digest, GOSTHASH94CP_DIGEST_SIZE>>();
    case Hash::kNone:
    case Hash::kSha1:
    case Hash::kSha224:
    case Hash::kSha256:
    case Hash::kSha384:
    case Hash::kSha512:
      break;
  }
  return nullptr;
}

}  // namespace kilt::crypto
