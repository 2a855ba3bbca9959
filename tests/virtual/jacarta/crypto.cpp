#include "tests/virtual/jacarta/crypto.h"

#include <algorithm>
#include <stdexcept>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "tests/virtual/jacarta/tlv.h"

namespace kilt::vtoken::jacarta {
namespace {

struct Free {
  void operator()(BIGNUM* p) const { BN_free(p); }
  void operator()(BN_CTX* p) const { BN_CTX_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(EVP_CIPHER_CTX* p) const { EVP_CIPHER_CTX_free(p); }
};
using Number = std::unique_ptr<BIGNUM, Free>;

Number number(const Bytes& big_endian) {
  return Number(BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), nullptr));
}

Bytes bytes_of(const BIGNUM* value, std::size_t size) {
  Bytes out(size);
  if (BN_bn2binpad(value, out.data(), static_cast<int>(size)) < 0)
    throw std::logic_error("a number does not fit its field");
  return out;
}

Bytes cipher(const EVP_CIPHER* algorithm, const Bytes& key, const Bytes& data, bool encrypt) {
  const std::unique_ptr<EVP_CIPHER_CTX, Free> context(EVP_CIPHER_CTX_new());
  const Bytes iv(16, 0);
  Bytes out(data.size() + 32);
  int first = 0, last = 0;
  const bool good = EVP_CipherInit_ex(context.get(), algorithm, nullptr, key.data(), iv.data(),
                                      encrypt ? 1 : 0) == 1 &&
                    EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1 &&
                    EVP_CipherUpdate(context.get(), out.data(), &first, data.data(),
                                     static_cast<int>(data.size())) == 1 &&
                    EVP_CipherFinal_ex(context.get(), out.data() + first, &last) == 1;
  if (!good) throw std::logic_error("a cipher failed");
  out.resize(static_cast<std::size_t>(first) + static_cast<std::size_t>(last));
  return out;
}

/// A key of one to three DES keys as three: OpenSSL keeps single DES in another provider.
Bytes three_keys(const Bytes& key) {
  Bytes out = key;
  for (std::size_t i = 0; out.size() < 24; ++i) out.push_back(key[key.size() == 8 ? i % 8 : i]);
  return out;
}

Bytes parameter(EVP_PKEY* key, const char* name) {
  BIGNUM* value = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &value) != 1) throw std::logic_error("no such RSA number");
  const Number holder(value);
  return bytes_of(value, static_cast<std::size_t>(BN_num_bytes(value)));
}

// 1024 bits, g = 5: read from a real IDProtect card (public recordings of 2016 and 2017).
constexpr const char* kIdProtectPrime =
    "F7B515720722946FC40864CBBDAFEA557DBD8F5536B001C28B2E32B65D45F1745D38120BAD9D2C039C224668EB2EA2"
    "8C"
    "2095A82E6CA8E06D47F2D31ED701F8155CADDC0570C093B26D74B09B95E64D8CD2FC733ECD0F306879A5B935F2413F"
    "52"
    "ADAD32A0991A183DCC577E39DA47531E6715AB01707FF24796714423CE7B6067";

}  // namespace

Bytes sha1(const Bytes& data) {
  Bytes out(20);
  if (EVP_Q_digest(nullptr, "SHA1", nullptr, data.data(), data.size(), out.data(), nullptr) != 1)
    throw std::logic_error("SHA-1 failed");
  return out;
}

Bytes random_bytes(std::size_t count) {
  Bytes out(count);
  if (RAND_bytes(out.data(), static_cast<int>(count)) != 1) throw std::logic_error("no random");
  return out;
}

Bytes des_ede_cbc(const Bytes& key16, const Bytes& data, bool encrypt) {
  return cipher(EVP_des_ede3_cbc(), three_keys(key16), data, encrypt);
}

Bytes retail_mac(const Bytes& key16, const Bytes& data) {
  const auto split = data.end() - 8;
  const Bytes first_key(key16.begin(), key16.begin() + 8);
  Bytes state(8, 0);
  if (const Bytes front(data.begin(), split); !front.empty()) {
    const Bytes chained = cipher(EVP_des_ede3_cbc(), three_keys(first_key), front, true);
    state.assign(chained.end() - 8, chained.end());
  }
  std::transform(split, data.end(), state.begin(), state.begin(), std::bit_xor<std::uint8_t>());
  return cipher(EVP_des_ede3_ecb(), three_keys(key16), state, true);
}

Bytes des_ecb(const Bytes& key, const Bytes& data, bool encrypt) {
  return cipher(EVP_des_ede3_ecb(), three_keys(key), data, encrypt);
}

Bytes aes_ecb(const Bytes& key, const Bytes& data, bool encrypt) {
  const EVP_CIPHER* algorithm = key.size() == 16   ? EVP_aes_128_ecb()
                                : key.size() == 24 ? EVP_aes_192_ecb()
                                                   : EVP_aes_256_ecb();
  return cipher(algorithm, key, data, encrypt);
}

Bytes aes_mac(const Bytes& key, const Bytes& data) {
  const EVP_CIPHER* algorithm = key.size() == 16   ? EVP_aes_128_cbc()
                                : key.size() == 24 ? EVP_aes_192_cbc()
                                                   : EVP_aes_256_cbc();
  const Bytes chained = cipher(algorithm, key, data, true);
  return {chained.end() - 16, chained.end()};
}

Bytes power(const Bytes& base, const Bytes& exponent, const Bytes& modulus) {
  const std::unique_ptr<BN_CTX, Free> context(BN_CTX_new());
  const Number b = number(base), e = number(exponent), m = number(modulus), r(BN_new());
  if (BN_mod_exp(r.get(), b.get(), e.get(), m.get(), context.get()) != 1)
    throw std::logic_error("exponentiation failed");
  return bytes_of(r.get(), modulus.size());
}

bool less(const Bytes& a, const Bytes& b) { return BN_cmp(number(a).get(), number(b).get()) < 0; }

bool factors_of(const Bytes& p_q, const Bytes& n) {
  if (p_q.size() % 2 != 0) return false;
  const auto middle = p_q.begin() + static_cast<std::ptrdiff_t>(p_q.size() / 2);
  const std::unique_ptr<BN_CTX, Free> context(BN_CTX_new());
  const Number p = number(Bytes(p_q.begin(), middle)), q = number(Bytes(middle, p_q.end()));
  const Number product(BN_new());
  BN_mul(product.get(), p.get(), q.get(), context.get());
  return BN_cmp(product.get(), number(n).get()) == 0;
}

RsaKey make_rsa(unsigned bits) {
  const std::unique_ptr<EVP_PKEY, Free> key(EVP_RSA_gen(bits));
  if (!key) throw std::logic_error("RSA generation failed");
  return {parameter(key.get(), OSSL_PKEY_PARAM_RSA_N), parameter(key.get(), OSSL_PKEY_PARAM_RSA_E),
          parameter(key.get(), OSSL_PKEY_PARAM_RSA_D)};
}

Group dh_group(const std::string& name) {
  const auto whole = [](BIGNUM* prime) {
    const Number holder(prime);
    return bytes_of(prime, static_cast<std::size_t>(BN_num_bytes(prime)));
  };
  if (name == "idprotect") return {{5}, unhex(kIdProtectPrime)};
  if (name == "oakley2") return {{2}, whole(BN_get_rfc2409_prime_1024(nullptr))};
  if (name == "oakley1") return {{2}, whole(BN_get_rfc2409_prime_768(nullptr))};
  throw std::invalid_argument("there is no group '" + name + "'");
}

}  // namespace kilt::vtoken::jacarta
