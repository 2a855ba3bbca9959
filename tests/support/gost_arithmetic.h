// GOST R 34.10 written for the tests alone, as the standard's text has it (RFC 7091, section 6) and
// not as a program should: slow, leaking time. It shares nothing with the library it checks.
#pragma once

#include <optional>

#include <gmpxx.h>

#include "apdu/bytes.h"

namespace kilt::test::gost {

/// Points of y^2 = x^3 + a x + b over GF(p); nothing is the point at infinity.
struct Coordinates {
  mpz_class x, y;
};
using CurvePoint = std::optional<Coordinates>;

struct Curve {
  mpz_class p, a, b, q;
  Coordinates base;
  std::size_t size;  ///< bytes of a coordinate

  [[nodiscard]] CurvePoint add(const CurvePoint& one, const CurvePoint& other) const {
    if (!one) return other;
    if (!other) return one;
    mpz_class numerator, denominator;
    if (one->x == other->x) {
      if ((one->y + other->y) % p == 0) return std::nullopt;
      numerator = 3 * one->x * one->x + a;
      denominator = 2 * one->y;
    } else {
      numerator = other->y - one->y;
      denominator = other->x - one->x;
    }
    const mpz_class slope = modulo(numerator * inverse(modulo(denominator, p), p), p);
    const mpz_class x = modulo(slope * slope - one->x - other->x, p);
    return Coordinates{x, modulo(slope * (one->x - x) - one->y, p)};
  }
  [[nodiscard]] CurvePoint multiply(const mpz_class& times, CurvePoint point) const {
    CurvePoint sum;
    for (mpz_class left = times; left > 0; left >>= 1) {
      if ((left & 1) == 1) sum = add(sum, point);
      point = add(point, point);
    }
    return sum;
  }
  [[nodiscard]] bool has(const Coordinates& point) const {
    return modulo(point.y * point.y - point.x * point.x * point.x - a * point.x - b, p) == 0;
  }
  /// r and s of a hash value e with a nonce k.
  [[nodiscard]] std::pair<mpz_class, mpz_class> sign(const mpz_class& d, const mpz_class& e,
                                                     const mpz_class& k) const {
    const mpz_class r = modulo(multiply(k, base)->x, q);
    return {r, modulo(r * d + k * e, q)};
  }
  [[nodiscard]] bool verify(const Coordinates& key, mpz_class e, const mpz_class& r,
                            const mpz_class& s) const {
    if (r <= 0 || r >= q || s <= 0 || s >= q || !has(key)) return false;
    e = modulo(e, q);
    if (e == 0) e = 1;
    const mpz_class v = inverse(e, q);
    const CurvePoint sum = add(multiply(modulo(s * v, q), base), multiply(modulo(-r * v, q), key));
    return sum && modulo(sum->x, q) == r;
  }

  static mpz_class modulo(const mpz_class& value, const mpz_class& by) {
    mpz_class result;
    mpz_mod(result.get_mpz_t(), value.get_mpz_t(), by.get_mpz_t());
    return result;
  }
  static mpz_class inverse(const mpz_class& value, const mpz_class& by) {
    mpz_class result;
    mpz_invert(result.get_mpz_t(), value.get_mpz_t(), by.get_mpz_t());
    return result;
  }
};

inline mpz_class hex(const char* digits) { return mpz_class(digits, 16); }

inline mpz_class from_little_endian(BytesView bytes) {
  mpz_class value;
  mpz_import(value.get_mpz_t(), bytes.size(), -1, 1, 0, 0, bytes.data());
  return value;
}
inline Bytes to_little_endian(const mpz_class& value, std::size_t size) {
  Bytes bytes(size, 0x00);
  mpz_export(bytes.data(), nullptr, -1, 1, 0, 0, value.get_mpz_t());
  return bytes;
}

/// id-GostR3410-2001-CryptoPro-A, -B, -C (RFC 4357, 11.4).
inline Curve crypto_pro_a() {
  return {hex("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFD97"),
          hex("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFD94"),
          hex("A6"),
          hex("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF6C611070995AD10045841B09B761B893"),
          {1, hex("8D91E471E0989CDA27DF505A453F2B7635294F2DDF23E3B122ACC99C9E9F1E14")},
          32};
}
inline Curve crypto_pro_b() {
  return {hex("8000000000000000000000000000000000000000000000000000000000000C99"),
          hex("8000000000000000000000000000000000000000000000000000000000000C96"),
          hex("3E1AF419A269A5F866A7D3C25C3DF80AE979259373FF2B182F49D4CE7E1BBC8B"),
          hex("800000000000000000000000000000015F700CFFF1A624E5E497161BCC8A198F"),
          {1, hex("3FA8124359F96680B83D1C3EB2C070E5C545C9858D03ECFB744BF8D717717EFC")},
          32};
}
inline Curve crypto_pro_c() {
  return {hex("9B9F605F5A858107AB1EC85E6B41C8AACF846E86789051D37998F7B9022D759B"),
          hex("9B9F605F5A858107AB1EC85E6B41C8AACF846E86789051D37998F7B9022D7598"),
          hex("805A"),
          hex("9B9F605F5A858107AB1EC85E6B41C8AA582CA3511EDDFB74F02F3A6598980BB9"),
          {0, hex("41ECE55743711A8C3CBF3783CD08C0EE4D4DC440D4641A8F366E550DFDB3BB67")},
          32};
}
/// id-tc26-gost-3410-12-512-paramSetA (RFC 7836, A.1).
inline Curve tc26_512_a() {
  return {hex("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
              "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFDC7"),
          hex("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
              "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFDC4"),
          hex("E8C2505DEDFC86DDC1BD0B2B6667F1DA34B82574761CB0E879BD081CFD0B6265"
              "EE3CB090F30D27614CB4574010DA90DD862EF9D4EBEE4761503190785A71C760"),
          hex("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
              "27E69532F48D89116FF22B8D4E0560609B4B38ABFAD2B85DCACDB1411F10B275"),
          {3, hex("7503CFE87A836AE3A61B8816E25450E6CE5E1C93ACF1ABC1778064FDCBEFA921"
                  "DF1626BE4FD036E93D75E6A50E3A41E98028FE5FC235F5B889A589CB5215F2A4")},
          64};
}

}  // namespace kilt::test::gost
