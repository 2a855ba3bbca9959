#include "drivers/crypto/gost_number.h"

#include "apdu/errors.h"

namespace kilt::crypto {

const ecc_curve* nettle_curve(GostCurve curve) noexcept {
  switch (curve) {
    case GostCurve::kCryptoProA:
      return nettle_get_gost_gc256b();  // nettle's name for the same parameters
    case GostCurve::kTc26A512:
      return nettle_get_gost_gc512a();
    case GostCurve::kCryptoProB:
    case GostCurve::kCryptoProC:
    case GostCurve::kUnknown:
      break;
  }
  return nullptr;
}

Bytes little_endian(mpz_srcptr number, std::size_t size) {
  if (mpz_sgn(number) < 0 || mpz_sizeinbase(number, 2) > 8 * size)
    throw Error("a number is too large");
  Bytes bytes(size, 0x00);  // mpz_export leaves leading zeros out
  std::size_t count = 0;
  mpz_export(bytes.data(), &count, -1, 1, 0, 0, number);
  return bytes;
}

bool Point::set(BytesView xy) {
  const std::size_t half = xy.size() / 2;
  const Number x(xy.first(half)), y(xy.subspan(half));
  return ecc_point_set(&point_, x.get(), y.get()) == 1;
}

}  // namespace kilt::crypto
