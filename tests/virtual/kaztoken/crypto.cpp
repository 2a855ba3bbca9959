#include "tests/virtual/kaztoken/crypto.h"

#include <memory>
#include <stdexcept>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

namespace kilt::vtoken::kaztoken {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Number = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using Context = std::unique_ptr<BN_CTX, Deleter<BN_CTX_free>>;
using Group = std::unique_ptr<EC_GROUP, Deleter<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, Deleter<EC_POINT_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

constexpr std::size_t kGostSize = 32;

Number number() { return Number(BN_new()); }

Number from_le(const Bytes& bytes, std::size_t offset, std::size_t size) {
  return Number(BN_lebin2bn(bytes.data() + offset, static_cast<int>(size), nullptr));
}

Number from_hex(const char* text) {
  BIGNUM* value = nullptr;
  BN_hex2bn(&value, text);
  return Number(value);
}

void append_le(Bytes& target, const BIGNUM* value, std::size_t size) {
  Bytes bytes(size);
  if (BN_bn2lebinpad(value, bytes.data(), static_cast<int>(size)) < 0)
    throw std::logic_error("a number does not fit");
  target.insert(target.end(), bytes.begin(), bytes.end());
}

Number parameter(const Key& key, const char* name) {
  BIGNUM* value = nullptr;
  if (EVP_PKEY_get_bn_param(key.get(), name, &value) != 1)
    throw std::logic_error("the key has no such number");
  return Number(value);
}

struct Curve {
  std::uint8_t option;
  const char *p, *b, *q, *x, *y;
};
// RFC 4357, 11.4; a = -3 for each.
constexpr Curve kCurves[] = {
    {0x20, "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFD97", "A6",
     "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF6C611070995AD10045841B09B761B893", "1",
     "8D91E471E0989CDA27DF505A453F2B7635294F2DDF23E3B122ACC99C9E9F1E14"},
    {0x30, "8000000000000000000000000000000000000000000000000000000000000C99",
     "3E1AF419A269A5F866A7D3C25C3DF80AE979259373FF2B182F49D4CE7E1BBC8B",
     "800000000000000000000000000000015F700CFFF1A624E5E497161BCC8A198F", "1",
     "3FA8124359F96680B83D1C3EB2C070E5C545C9858D03ECFB744BF8D717717EFC"},
    {0x40, "9B9F605F5A858107AB1EC85E6B41C8AACF846E86789051D37998F7B9022D759B", "805A",
     "9B9F605F5A858107AB1EC85E6B41C8AA582CA3511EDDFB74F02F3A6598980BB9", "0",
     "41ECE55743711A8C3CBF3783CD08C0EE4D4DC440D4641A8F366E550DFDB3BB67"},
};

struct Domain {
  Context context{BN_CTX_new()};
  Number order;
  Group group;
};

std::optional<Domain> domain(std::uint8_t option) {
  for (const Curve& curve : kCurves) {
    if (curve.option != option) continue;
    Domain made;
    const Number p = from_hex(curve.p), b = from_hex(curve.b);
    const Number a(BN_dup(p.get()));
    BN_sub_word(a.get(), 3);
    made.group.reset(EC_GROUP_new_curve_GFp(p.get(), a.get(), b.get(), made.context.get()));
    made.order = from_hex(curve.q);
    const Point base(EC_POINT_new(made.group.get()));
    const Number x = from_hex(curve.x), y = from_hex(curve.y);
    const bool good =
        EC_POINT_set_affine_coordinates(made.group.get(), base.get(), x.get(), y.get(),
                                        made.context.get()) == 1 &&
        EC_GROUP_set_generator(made.group.get(), base.get(), made.order.get(), BN_value_one()) == 1;
    if (!good) throw std::logic_error("the curve's numbers are wrong");
    return made;
  }
  return std::nullopt;
}

/// 1 ≤ k < q
Number random_below(const BIGNUM* order) {
  Number value = number();
  do BN_rand_range(value.get(), order);
  while (BN_is_zero(value.get()));
  return value;
}

/// Coordinates of k·P.
void multiply(const Domain& in, const BIGNUM* k, BIGNUM* x, BIGNUM* y) {
  const Point point(EC_POINT_new(in.group.get()));
  EC_POINT_mul(in.group.get(), point.get(), k, nullptr, nullptr, in.context.get());
  EC_POINT_get_affine_coordinates(in.group.get(), point.get(), x, y, in.context.get());
}

}  // namespace

RsaKey make_rsa(unsigned bits) {
  const Key key(EVP_RSA_gen(bits));
  if (!key) throw std::logic_error("RSA generation failed");
  const std::size_t half = bits / 16;
  RsaKey made;
  const Number n = parameter(key, OSSL_PKEY_PARAM_RSA_N), e = parameter(key, OSSL_PKEY_PARAM_RSA_E);
  const Bytes gap(4, 0);
  append_le(made.private_body, parameter(key, OSSL_PKEY_PARAM_RSA_FACTOR1).get(), half);
  made.private_body.insert(made.private_body.end(), gap.begin(), gap.end());
  append_le(made.private_body, parameter(key, OSSL_PKEY_PARAM_RSA_FACTOR2).get(), half);
  made.private_body.insert(made.private_body.end(), gap.begin(), gap.end());
  append_le(made.private_body, parameter(key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1).get(), half);
  append_le(made.private_body, parameter(key, OSSL_PKEY_PARAM_RSA_EXPONENT1).get(), half);
  append_le(made.private_body, parameter(key, OSSL_PKEY_PARAM_RSA_EXPONENT2).get(), half);
  append_le(made.modulus, n.get(), 2 * half);
  made.public_body = made.modulus;
  append_le(made.public_body, e.get(), half);
  return made;
}

std::optional<Bytes> rsa_private(const Bytes& private_body, const Bytes& block) {
  if (private_body.size() < 8 + 5) return std::nullopt;
  const std::size_t half = (private_body.size() - 8) / 5;
  const Context context(BN_CTX_new());
  const Number p = from_le(private_body, 0, half);
  const Number q = from_le(private_body, half + 4, half);
  const Number inverse = from_le(private_body, 2 * half + 8, half);
  const Number dp = from_le(private_body, 3 * half + 8, half);
  const Number dq = from_le(private_body, 4 * half + 8, half);
  const Number n = number(), input = from_le(block, 0, block.size());
  BN_mul(n.get(), p.get(), q.get(), context.get());
  if (BN_is_zero(n.get()) || BN_cmp(input.get(), n.get()) >= 0) return std::nullopt;
  // Chinese remainder theorem: h = qInv (m1 - m2) mod p, result m2 + h q.
  const Number m1 = number(), m2 = number(), h = number(), result = number();
  BN_mod_exp(m1.get(), input.get(), dp.get(), p.get(), context.get());
  BN_mod_exp(m2.get(), input.get(), dq.get(), q.get(), context.get());
  BN_mod_sub(h.get(), m1.get(), m2.get(), p.get(), context.get());
  BN_mod_mul(h.get(), h.get(), inverse.get(), p.get(), context.get());
  BN_mul(result.get(), h.get(), q.get(), context.get());
  BN_add(result.get(), result.get(), m2.get());
  Bytes answer;
  append_le(answer, result.get(), 2 * half);
  return answer;
}

std::optional<GostKey> make_gost(std::uint8_t option) {
  const auto in = domain(option);
  if (!in) return std::nullopt;
  const Number d = random_below(in->order.get()), x = number(), y = number();
  multiply(*in, d.get(), x.get(), y.get());
  GostKey made;
  append_le(made.private_body, d.get(), kGostSize);
  append_le(made.public_body, x.get(), kGostSize);
  append_le(made.public_body, y.get(), kGostSize);
  return made;
}

std::optional<Bytes> gost_sign(std::uint8_t option, const Bytes& private_body, const Bytes& hash) {
  const auto in = domain(option);
  if (!in || private_body.size() != kGostSize || hash.size() != kGostSize) return std::nullopt;
  BN_CTX* context = in->context.get();
  const BIGNUM* q = in->order.get();
  const Number d = from_le(private_body, 0, kGostSize), e = from_le(hash, 0, kGostSize);
  BN_mod(e.get(), e.get(), q, context);
  if (BN_is_zero(e.get())) BN_one(e.get());
  const Number r = number(), y = number(), s = number(), part = number();
  do {
    const Number k = random_below(q);
    multiply(*in, k.get(), r.get(), y.get());
    BN_mod(r.get(), r.get(), q, context);
    BN_mod_mul(s.get(), r.get(), d.get(), q, context);
    BN_mod_mul(part.get(), k.get(), e.get(), q, context);
    BN_mod_add(s.get(), s.get(), part.get(), q, context);
  } while (BN_is_zero(r.get()) || BN_is_zero(s.get()));
  Bytes signature;
  append_le(signature, r.get(), kGostSize);
  append_le(signature, s.get(), kGostSize);
  return signature;
}

}  // namespace kilt::vtoken::kaztoken
