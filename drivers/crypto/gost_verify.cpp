#include "drivers/crypto/gost_verify.h"

#include <openssl/ec.h>

#include "drivers/crypto/errors.h"
#include "drivers/crypto/openssl.h"

namespace kilt::crypto {
namespace {

using Group = std::unique_ptr<EC_GROUP, Deleter<EC_GROUP_free>>;
using GroupPoint = std::unique_ptr<EC_POINT, Deleter<EC_POINT_free>>;

/// RFC 4357, 11.4; big-endian.
struct Parameters {
  const char *p, *a, *b, *q, *x, *y;
};
constexpr Parameters kB{"8000000000000000000000000000000000000000000000000000000000000C99",
                        "8000000000000000000000000000000000000000000000000000000000000C96",
                        "3E1AF419A269A5F866A7D3C25C3DF80AE979259373FF2B182F49D4CE7E1BBC8B",
                        "800000000000000000000000000000015F700CFFF1A624E5E497161BCC8A198F",
                        "0000000000000000000000000000000000000000000000000000000000000001",
                        "3FA8124359F96680B83D1C3EB2C070E5C545C9858D03ECFB744BF8D717717EFC"};
constexpr Parameters kC{"9B9F605F5A858107AB1EC85E6B41C8AACF846E86789051D37998F7B9022D759B",
                        "9B9F605F5A858107AB1EC85E6B41C8AACF846E86789051D37998F7B9022D7598",
                        "000000000000000000000000000000000000000000000000000000000000805A",
                        "9B9F605F5A858107AB1EC85E6B41C8AA582CA3511EDDFB74F02F3A6598980BB9",
                        "0000000000000000000000000000000000000000000000000000000000000000",
                        "41ECE55743711A8C3CBF3783CD08C0EE4D4DC440D4641A8F366E550DFDB3BB67"};

const Parameters* parameters_of(GostCurve curve) noexcept {
  if (curve == GostCurve::kCryptoProB) return &kB;
  if (curve == GostCurve::kCryptoProC) return &kC;
  return nullptr;
}

BigNumber constant(const char* hex) { return number(from_hex(hex)); }

/// The curve, its order and its arithmetic.
struct Arithmetic {
  BigNumberCtx context;
  BigNumber order;
  Group group;
};

Arithmetic arithmetic_of(const Parameters& set) {
  Arithmetic made{BigNumberCtx(need(BN_CTX_new_ex(library()))), constant(set.q), nullptr};
  BN_CTX* context = made.context.get();
  made.group = Group(need(EC_GROUP_new_curve_GFp(constant(set.p).get(), constant(set.a).get(),
                                                 constant(set.b).get(), context)));
  const GroupPoint base(need(EC_POINT_new(made.group.get())));
  if (EC_POINT_set_affine_coordinates(made.group.get(), base.get(), constant(set.x).get(),
                                      constant(set.y).get(), context) != 1 ||
      EC_GROUP_set_generator(made.group.get(), base.get(), made.order.get(), BN_value_one()) != 1)
    throw Error("the curve's parameters are refused");
  return made;
}

/// nullptr for a point off the curve.
GroupPoint point_of(const Arithmetic& in, BytesView xy) {
  const std::size_t half = xy.size() / 2;
  GroupPoint point(need(EC_POINT_new(in.group.get())));
  if (EC_POINT_set_affine_coordinates(
          in.group.get(), point.get(), number(reversed(xy.first(half))).get(),
          number(reversed(xy.subspan(half))).get(), in.context.get()) != 1)
    return nullptr;
  return point;
}

bool in_range(const BigNumber& value, const BigNumber& order) {
  return !BN_is_zero(value.get()) && BN_cmp(value.get(), order.get()) < 0;
}

}  // namespace

bool gost_is_on_other_curve(GostCurve curve, BytesView point) {
  const Parameters* set = parameters_of(curve);
  return set != nullptr && point_of(arithmetic_of(*set), point) != nullptr;
}

bool gost_verify_other(GostCurve curve, BytesView point, BytesView hash_value,
                       BytesView signature) {
  const Parameters* set = parameters_of(curve);
  if (set == nullptr) return false;
  const Arithmetic in = arithmetic_of(*set);
  const GroupPoint key = point_of(in, point);
  if (!key) return false;
  const std::size_t half = signature.size() / 2;
  const BigNumber s = number(signature.first(half)), r = number(signature.subspan(half));
  if (!in_range(r, in.order) || !in_range(s, in.order)) return false;
  BN_CTX* context = in.context.get();
  const BIGNUM* q = in.order.get();
  // e = hash mod q, 1 if that is 0; v = 1/e; z1 = s v; z2 = -r v; R = z1 P + z2 Q; r == R.x mod q.
  const BigNumber e = number(reversed(hash_value));
  const BigNumber v(need(BN_new())), z1(need(BN_new())), z2(need(BN_new())), x(need(BN_new()));
  const GroupPoint sum(need(EC_POINT_new(in.group.get())));
  if (BN_nnmod(e.get(), e.get(), q, context) != 1) throw std::bad_alloc();
  if (BN_is_zero(e.get()) && BN_one(e.get()) != 1) throw std::bad_alloc();
  if (BN_mod_inverse(v.get(), e.get(), q, context) == nullptr ||
      BN_mod_mul(z1.get(), s.get(), v.get(), q, context) != 1 ||
      BN_mod_mul(z2.get(), r.get(), v.get(), q, context) != 1 ||
      BN_sub(z2.get(), q, z2.get()) != 1 ||
      EC_POINT_mul(in.group.get(), sum.get(), z1.get(), key.get(), z2.get(), context) != 1 ||
      EC_POINT_get_affine_coordinates(in.group.get(), sum.get(), x.get(), nullptr, context) != 1 ||
      BN_nnmod(x.get(), x.get(), q, context) != 1)
    return false;
  return BN_cmp(x.get(), r.get()) == 0;
}

}  // namespace kilt::crypto
