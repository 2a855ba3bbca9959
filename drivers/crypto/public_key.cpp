#include "drivers/crypto/public_key.h"

#include "drivers/crypto/hash.h"

namespace kilt {
namespace {

/// What no two keys of one type share: modulus or point.
const Bytes* number_of(const PublicKey& key) {
  if (const auto* rsa = std::get_if<RsaPublicKey>(&key)) return &rsa->modulus;
  if (const auto* ec = std::get_if<EcPublicKey>(&key)) return &ec->point;
  if (const auto* gost = std::get_if<GostPublicKey>(&key)) return &gost->point;
  return nullptr;
}

}  // namespace

bool same_key(const PublicKey& a, const PublicKey& b) {
  const Bytes* left = number_of(a);
  const Bytes* right = number_of(b);
  return left != nullptr && right != nullptr && a.index() == b.index() && !left->empty() &&
         *left == *right;
}

Bytes key_mark(const PublicKey& key) {
  constexpr std::size_t kSize = 8;
  const Bytes* number = number_of(key);
  if (number == nullptr || number->empty()) return {};
  Bytes mark = crypto::sha1(*number);
  mark.resize(kSize);
  return mark;
}

}  // namespace kilt
