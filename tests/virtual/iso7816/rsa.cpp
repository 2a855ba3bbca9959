#include "tests/virtual/iso7816/rsa.h"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "tests/virtual/iso7816/tlv.h"

namespace kilt::vtoken::iso {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using Info = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Deleter<PKCS8_PRIV_KEY_INFO_free>>;
using Number = std::unique_ptr<BIGNUM, Deleter<BN_free>>;

Key open(const Bytes& der) {
  const std::uint8_t* in = der.data();
  Key key(d2i_AutoPrivateKey(nullptr, &in, static_cast<long>(der.size())));
  if (!key) throw std::invalid_argument("no private key in the state");
  return key;
}

Bytes number(const Key& key, const char* name) {
  BIGNUM* value = nullptr;
  if (EVP_PKEY_get_bn_param(key.get(), name, &value) != 1)
    throw std::logic_error("the key has no such number");
  const Number holder(value);
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(value)));
  BN_bn2bin(value, bytes.data());
  return bytes;
}

/// A non-negative DER INTEGER.
Bytes integer(Bytes value) {
  if (value.empty() || value[0] >= 0x80) value.insert(value.begin(), 0x00);
  return tlv(0x02, value);
}

}  // namespace

Bytes make_rsa(unsigned bits) {
  const Key key(EVP_RSA_gen(bits));
  if (!key) throw std::logic_error("RSA generation failed");
  const Info info(EVP_PKEY2PKCS8(key.get()));
  Bytes der(static_cast<std::size_t>(i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr)));
  std::uint8_t* out = der.data();
  i2d_PKCS8_PRIV_KEY_INFO(info.get(), &out);
  return der;
}

RsaPublic public_half(const Bytes& key) {
  const Key opened = open(key);
  return {number(opened, OSSL_PKEY_PARAM_RSA_N), number(opened, OSSL_PKEY_PARAM_RSA_E)};
}

Bytes key_identifier(const Bytes& key) {
  const RsaPublic half = public_half(key);
  const Bytes encoded = tlv(0x30, {integer(half.modulus), integer(half.exponent)});
  Bytes hash(SHA_DIGEST_LENGTH);
  SHA1(encoded.data(), encoded.size(), hash.data());
  return hash;
}

std::optional<Bytes> rsa_raw(const Bytes& key, const Bytes& block) {
  const Key opened = open(key);
  const KeyContext context(EVP_PKEY_CTX_new(opened.get(), nullptr));
  Bytes out(static_cast<std::size_t>(EVP_PKEY_get_size(opened.get())));
  std::size_t length = out.size();
  if (block.size() != out.size() || EVP_PKEY_decrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) != 1 ||
      EVP_PKEY_decrypt(context.get(), out.data(), &length, block.data(), block.size()) != 1)
    return std::nullopt;
  out.resize(length);
  return out;
}

std::optional<Bytes> rsa_sign(const Bytes& key, const Bytes& data) {
  constexpr std::size_t kOverhead = 11;
  const std::size_t size = public_half(key).modulus.size();
  if (data.empty() || data.size() + kOverhead > size) return std::nullopt;
  Bytes block(size - data.size(), 0xFF);
  block[0] = 0x00;
  block[1] = 0x01;
  block.back() = 0x00;
  block.insert(block.end(), data.begin(), data.end());
  return rsa_raw(key, block);
}

std::optional<Bytes> rsa_decrypt(const Bytes& key, const Bytes& cryptogram) {
  constexpr std::ptrdiff_t kFirstFiller = 2, kFillers = 8;
  const auto block = rsa_raw(key, cryptogram);
  if (!block || (*block)[0] != 0x00 || (*block)[1] != 0x02) return std::nullopt;
  const auto end = std::find(block->begin() + kFirstFiller, block->end(), 0x00);
  if (end == block->end() || end - block->begin() < kFirstFiller + kFillers) return std::nullopt;
  return Bytes(end + 1, block->end());
}

}  // namespace kilt::vtoken::iso
