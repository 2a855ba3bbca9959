// GOST R 34.10 over the curves that nettle lacks (CryptoPro-B and -C, which Kaztoken has too): only
// what works on public data, by OpenSSL's arithmetic. For gost.cpp; everybody else uses gost.h.
#pragma once

#include "apdu/bytes.h"
#include "drivers/crypto/gost_curve.h"

namespace kilt::crypto {

/// `point` is X || Y little-endian, of the right length.
[[nodiscard]] bool gost_is_on_other_curve(GostCurve curve, BytesView point);
/// Lengths are right; signature as gost_verify() has it.
[[nodiscard]] bool gost_verify_other(GostCurve curve, BytesView point, BytesView hash_value,
                                     BytesView signature);

}  // namespace kilt::crypto
