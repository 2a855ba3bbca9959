// RSA on the numbers that a key object's components are.
#include <memory>
#include <stdexcept>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "tests/virtual/etoken/cardos/tree.h"

namespace kilt::vtoken::etoken::cardos {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Number = std::unique_ptr<BIGNUM, Deleter<BN_clear_free>>;
using Numbers = std::unique_ptr<BN_CTX, Deleter<BN_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

constexpr std::uint8_t kModulus = 0, kExponent = 1;
constexpr std::uint8_t kP = 0, kQ = 1, kDp = 2, kDq = 3, kInverse = 4;
constexpr std::size_t kPrefix = 2;  ///< length plus one and 00, before components of short keys

Number number() { return Number(BN_new()); }

Number from(const Bytes& bytes, std::size_t skip = 0) {
  const Bytes value = part(bytes, skip, bytes.size());
  return Number(BN_bin2bn(value.data(), static_cast<int>(value.size()), nullptr));
}

Bytes to_bytes(const BIGNUM* value, std::size_t size) {
  Bytes out(size);
  if (BN_bn2binpad(value, out.data(), static_cast<int>(size)) < 0) return {};
  return out;
}

Bytes parameter(EVP_PKEY* key, const char* name, std::size_t size) {
  BIGNUM* value = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &value) != 1)
    throw std::logic_error("the key has no such number");
  const Number owner(value);
  return to_bytes(value, size == 0 ? static_cast<std::size_t>(BN_num_bytes(value)) : size);
}

Bytes prefixed(const Bytes& value) {
  Bytes out{static_cast<std::uint8_t>(value.size() + 1), 0x00};
  append(out, value);
  return out;
}

}  // namespace

std::size_t KeyObject::size() const {
  const auto first = components.find(0);
  if (first == components.end() || !complete) return 0;
  if (is_long()) return components.size() == 5 ? 2 * first->second.size() : 0;
  return components.size() == 2 && first->second.size() > kPrefix ? first->second.size() - kPrefix
                                                                  : 0;
}

Bytes KeyObject::raw(const Bytes& block) const {
  if (size() == 0 || block.size() != size()) return {};
  const Numbers numbers(BN_CTX_new());
  const Number input = from(block), result = number();
  if (!is_long()) {
    const Number n = from(components.at(kModulus), kPrefix);
    const Number d = from(components.at(kExponent), kPrefix);
    if (BN_cmp(input.get(), n.get()) >= 0) return {};
    if (BN_mod_exp(result.get(), input.get(), d.get(), n.get(), numbers.get()) != 1) return {};
    return to_bytes(result.get(), size());
  }
  const Number p = from(components.at(kP)), q = from(components.at(kQ));
  const Number n = number(), m1 = number(), m2 = number(), h = number();
  BN_mul(n.get(), p.get(), q.get(), numbers.get());
  if (BN_cmp(input.get(), n.get()) >= 0) return {};
  // h = qInv (m1 - m2) mod p, result m2 + h q.
  const bool good = BN_mod_exp(m1.get(), input.get(), from(components.at(kDp)).get(), p.get(),
                               numbers.get()) == 1 &&
                    BN_mod_exp(m2.get(), input.get(), from(components.at(kDq)).get(), q.get(),
                               numbers.get()) == 1 &&
                    BN_mod_sub(h.get(), m1.get(), m2.get(), p.get(), numbers.get()) == 1 &&
                    BN_mod_mul(h.get(), h.get(), from(components.at(kInverse)).get(), p.get(),
                               numbers.get()) == 1 &&
                    BN_mul(result.get(), h.get(), q.get(), numbers.get()) == 1 &&
                    BN_add(result.get(), result.get(), m2.get()) == 1;
  return good ? to_bytes(result.get(), size()) : Bytes();
}

std::pair<Bytes, Bytes> KeyObject::generate_new() {
  const std::size_t bytes = size();
  const Key key(EVP_RSA_gen(static_cast<unsigned>(8 * bytes)));
  if (!key) throw std::runtime_error("RSA generation failed");
  const Bytes modulus = parameter(key.get(), OSSL_PKEY_PARAM_RSA_N, bytes);
  components.clear();
  if (is_long()) {
    components[kP] = parameter(key.get(), OSSL_PKEY_PARAM_RSA_FACTOR1, bytes / 2);
    components[kQ] = parameter(key.get(), OSSL_PKEY_PARAM_RSA_FACTOR2, bytes / 2);
    components[kDp] = parameter(key.get(), OSSL_PKEY_PARAM_RSA_EXPONENT1, bytes / 2);
    components[kDq] = parameter(key.get(), OSSL_PKEY_PARAM_RSA_EXPONENT2, bytes / 2);
    components[kInverse] = parameter(key.get(), OSSL_PKEY_PARAM_RSA_COEFFICIENT1, bytes / 2);
  } else {
    components[kModulus] = prefixed(modulus);
    components[kExponent] = prefixed(parameter(key.get(), OSSL_PKEY_PARAM_RSA_D, bytes));
  }
  return {modulus, parameter(key.get(), OSSL_PKEY_PARAM_RSA_E, 0)};
}

}  // namespace kilt::vtoken::etoken::cardos
