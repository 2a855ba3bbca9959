// Numbers of nettle and gmp as RAII. For gost*.cpp only.
#pragma once

#include <gmp.h>
#include <nettle/dsa.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>

#include "apdu/bytes.h"
#include "drivers/crypto/gost_curve.h"

namespace kilt::crypto {

/// A public number.
class Number {
 public:
  Number() { mpz_init(value_); }
  explicit Number(BytesView little_endian) : Number() {
    mpz_import(value_, little_endian.size(), -1, 1, 0, 0, little_endian.data());
  }
  ~Number() { mpz_clear(value_); }
  Number(const Number&) = delete;
  Number& operator=(const Number&) = delete;
  [[nodiscard]] mpz_ptr get() noexcept { return value_; }
  [[nodiscard]] mpz_srcptr get() const noexcept { return value_; }

 private:
  mpz_t value_;
};

/// nettle's curve, nullptr for one that it lacks.
[[nodiscard]] const ecc_curve* nettle_curve(GostCurve curve) noexcept;

/// A public number little-endian in `size` bytes. Throws Error if it is longer.
[[nodiscard]] Bytes little_endian(mpz_srcptr number, std::size_t size);

/// A point of a curve.
class Point {
 public:
  explicit Point(const ecc_curve* curve) { ecc_point_init(&point_, curve); }
  ~Point() { ecc_point_clear(&point_); }
  Point(const Point&) = delete;
  Point& operator=(const Point&) = delete;
  [[nodiscard]] ecc_point* get() noexcept { return &point_; }
  [[nodiscard]] const ecc_point* get() const noexcept { return &point_; }
  /// X || Y little-endian; false if it does not lie on the curve.
  [[nodiscard]] bool set(BytesView xy);

 private:
  ecc_point point_{};
};

/// A signature of nettle's.
class DsaSignature {
 public:
  DsaSignature() { dsa_signature_init(&value_); }
  ~DsaSignature() { dsa_signature_clear(&value_); }
  DsaSignature(const DsaSignature&) = delete;
  DsaSignature& operator=(const DsaSignature&) = delete;
  [[nodiscard]] dsa_signature* get() noexcept { return &value_; }

 private:
  dsa_signature value_{};
};

}  // namespace kilt::crypto
