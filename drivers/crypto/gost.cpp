#include "drivers/crypto/gost.h"

#include <cerrno>

#include <nettle/gostdsa.h>
#include <sys/random.h>

#include "drivers/crypto/errors.h"
#include "drivers/crypto/gost_number.h"
#include "drivers/crypto/gost_verify.h"

namespace kilt::crypto {
namespace {

constexpr unsigned kMaxDraws = 128;  // each is below q with a chance of a quarter at least

/// Where nettle's callback leaves word that it had no random numbers.
struct RandomSource {
  bool failed = false;
};

bool fill_random(std::span<Byte> out) noexcept {
  for (std::size_t done = 0; done < out.size();) {
    const ssize_t step = getrandom(out.data() + done, out.size() - done, 0);
    if (step < 0 && errno == EINTR) continue;
    if (step <= 0) return false;
    done += static_cast<std::size_t>(step);
  }
  return true;
}

/// nettle_random_func. A failure must neither throw through C nor give zeros, on which nettle would
/// draw for ever: it gives something in range, and what is made of it is thrown away.
void draw(void* context, std::size_t size, std::uint8_t* out) noexcept {
  auto& source = *static_cast<RandomSource*>(context);
  if (!source.failed && fill_random({out, size})) return;
  source.failed = true;
  std::memset(out, 0x01, size);
}

/// q of a curve that the host signs with, little-endian.
const Bytes& order_of(GostCurve curve) {
  static const Bytes q256 =
      reversed(from_hex("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF6C611070995AD10045841B09B761B893"));
  static const Bytes q512 =
      reversed(from_hex("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
                        "27E69532F48D89116FF22B8D4E0560609B4B38ABFAD2B85DCACDB1411F10B275"));
  return curve == GostCurve::kTc26A512 ? q512 : q256;
}

/// 1 if 0 < scalar < q, else 0; no branch depends on the scalar.
unsigned in_range(BytesView scalar, BytesView order) {
  unsigned borrow = 0, any = 0;
  for (std::size_t i = 0; i < scalar.size(); ++i) {
    const unsigned difference = 0x100U + scalar[i] - order[i] - borrow;
    borrow = 1U - (difference >> 8);
    any |= scalar[i];
  }
  const unsigned not_zero = (any + 0xFFU) >> 8;
  return borrow & not_zero;
}

/// Writes the scalar's limbs without mpz, whose functions look at leading zeros.
void set_limbs(mp_limb_t* limbs, BytesView scalar) {
  const std::size_t count = scalar.size() / sizeof(mp_limb_t);
  for (std::size_t i = 0; i < count; ++i) {
    mp_limb_t limb = 0;
    for (std::size_t b = sizeof(mp_limb_t); b-- > 0;)
      limb = (limb << 8) | scalar[i * sizeof(mp_limb_t) + b];
    limbs[i] = limb;
  }
}

}  // namespace

Bytes kazakh_signature(BytesView signature) { return reversed(signature); }

bool gost_is_on_curve(const GostPublicKey& key) {
  const GostCurve curve = gost_curve(key.parameters);
  if (curve == GostCurve::kUnknown || key.point.size() != 2 * gost_size(curve)) return false;
  const ecc_curve* known = nettle_curve(curve);
  if (known == nullptr) return gost_is_on_other_curve(curve, key.point);
  return Point(known).set(key.point);
}

bool gost_verify(const GostPublicKey& key, BytesView hash_value, BytesView signature) {
  const GostCurve curve = gost_curve(key.parameters);
  const std::size_t size = gost_size(curve);
  if (size == 0 || key.point.size() != 2 * size || hash_value.size() != size ||
      signature.size() != 2 * size)
    return false;
  const ecc_curve* known = nettle_curve(curve);
  if (known == nullptr) return gost_verify_other(curve, key.point, hash_value, signature);
  Point point(known);
  if (!point.set(key.point)) return false;
  DsaSignature value;
  const Bytes turned = reversed(signature);
  const Number r(BytesView(turned).first(size)), s(BytesView(turned).subspan(size));
  mpz_set(value.get()->r, r.get());
  mpz_set(value.get()->s, s.get());
  return gostdsa_verify(point.get(), hash_value.size(), hash_value.data(), value.get()) == 1;
}

struct GostKey::Impl {
  explicit Impl(GostCurve c) : curve(c) { ecc_scalar_init(&scalar, nettle_curve(c)); }
  ~Impl() {
    // ecc_scalar_clear() does not wipe.
    wipe(scalar.p, gost_size(curve));
    ecc_scalar_clear(&scalar);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  GostCurve curve;
  ecc_scalar scalar{};
  SecureBytes bytes;
  Bytes point;
};

GostKey::GostKey(GostCurve curve, BytesView scalar) {
  if (!gost_signs(curve))
    throw NotSupported("the host only verifies signatures over this curve: " + gost_name(curve));
  const std::size_t size = gost_size(curve);
  if (scalar.size() != size || in_range(scalar, order_of(curve)) == 0)
    throw InvalidData("the private key is out of range");
  impl_ = std::make_unique<Impl>(curve);
  set_limbs(impl_->scalar.p, scalar);
  impl_->bytes = SecureBytes(scalar);
  Point point(nettle_curve(curve));
  ecc_point_mul_g(point.get(), &impl_->scalar);
  Number x, y;
  ecc_point_get(point.get(), x.get(), y.get());
  impl_->point = little_endian(x.get(), size);
  append(impl_->point, little_endian(y.get(), size));
}

GostKey GostKey::generate(GostCurve curve) {
  Bytes scalar(gost_size(curve));
  for (unsigned draws = 0; draws < kMaxDraws; ++draws) {
    if (!fill_random(scalar)) throw Error("no random numbers available");
    if (in_range(scalar, order_of(curve)) != 0) return GostKey(curve, scalar);
  }
  throw Error("no random numbers available");
}

GostKey::GostKey(GostKey&&) noexcept = default;
GostKey& GostKey::operator=(GostKey&&) noexcept = default;
GostKey::~GostKey() = default;

GostCurve GostKey::curve() const noexcept { return impl_->curve; }
const Bytes& GostKey::point() const noexcept { return impl_->point; }
SecureBytes GostKey::scalar() const { return impl_->bytes.clone(); }

Bytes GostKey::sign(BytesView hash_value) const {
  const std::size_t size = gost_size(impl_->curve);
  if (hash_value.size() != size) throw InvalidData("the hash has the wrong length for this key");
  DsaSignature value;
  RandomSource source;
  gostdsa_sign(&impl_->scalar, &source, draw, hash_value.size(), hash_value.data(), value.get());
  if (source.failed) throw Error("no random numbers available: nothing was signed");
  Point point(nettle_curve(impl_->curve));
  if (!point.set(impl_->point) ||
      gostdsa_verify(point.get(), hash_value.size(), hash_value.data(), value.get()) != 1)
    throw Error("the signature just made does not verify: it was thrown away");
  Bytes signature = little_endian(value.get()->r, size);
  append(signature, little_endian(value.get()->s, size));
  return kazakh_signature(signature);
}

}  // namespace kilt::crypto
