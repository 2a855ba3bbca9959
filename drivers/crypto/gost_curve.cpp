#include "drivers/crypto/gost_curve.h"

#include <algorithm>
#include <array>

namespace kilt::crypto {
namespace {

struct CurveRow {
  const char* oid;  ///< hex of the DER
  GostCurve curve;
};
constexpr std::array kCurves{
    CurveRow{"060A2A830E030A0101010101", GostCurve::kCryptoProA},  // 1.2.398.3.10.1.1.1.1.1
    CurveRow{"060A2A830E030A0101020201", GostCurve::kTc26A512},    // 1.2.398.3.10.1.1.2.2.1
    CurveRow{"06072A850302022301", GostCurve::kCryptoProA},        // 1.2.643.2.2.35.1
    CurveRow{"06072A850302022302", GostCurve::kCryptoProB},        // 1.2.643.2.2.35.2
    CurveRow{"06072A850302022303", GostCurve::kCryptoProC},        // 1.2.643.2.2.35.3
    CurveRow{"06072A850302022400", GostCurve::kCryptoProA},        // 1.2.643.2.2.36.0
    CurveRow{"06072A850302022401", GostCurve::kCryptoProC},        // 1.2.643.2.2.36.1
    CurveRow{"06092A8503070102010102", GostCurve::kCryptoProA},    // 1.2.643.7.1.2.1.1.2
    CurveRow{"06092A8503070102010103", GostCurve::kCryptoProB},    // 1.2.643.7.1.2.1.1.3
    CurveRow{"06092A8503070102010104", GostCurve::kCryptoProC},    // 1.2.643.7.1.2.1.1.4
    CurveRow{"06092A8503070102010201", GostCurve::kTc26A512},      // 1.2.643.7.1.2.1.2.1
};

struct HashRow {
  const char* oid;
  Hash hash;
};
constexpr std::array kHashes{
    HashRow{"06082A830E030A010303", Hash::kStreebog512},    // 1.2.398.3.10.1.3.3
    HashRow{"06082A830E030A010302", Hash::kStreebog256},    // 1.2.398.3.10.1.3.2
    HashRow{"06082A830E030A010301", Hash::kGost94},         // 1.2.398.3.10.1.3.1
    HashRow{"060A2A830E030A0103010100", Hash::kGost94},     // 1.2.398.3.10.1.3.1.1.0
    HashRow{"06072A850302021E00", Hash::kGost94},           // 1.2.643.2.2.30.0
    HashRow{"06072A850302021E01", Hash::kGost94CryptoPro},  // 1.2.643.2.2.30.1
    HashRow{"06082A85030701010202", Hash::kStreebog256},    // 1.2.643.7.1.1.2.2
    HashRow{"06082A85030701010203", Hash::kStreebog512},    // 1.2.643.7.1.1.2.3
};

}  // namespace

const Bytes& kazakh_512_curve() {
  static const Bytes oid = from_hex("060A2A830E030A0101020201");
  return oid;
}
const Bytes& kazakh_512_hash() {
  static const Bytes oid = from_hex("06082A830E030A010303");
  return oid;
}
const Bytes& kazakh_2004_curve() {
  static const Bytes oid = from_hex("060A2A830E030A0101010101");
  return oid;
}
const Bytes& kazakh_2004_hash() {
  static const Bytes oid = from_hex("060A2A830E030A0103010100");
  return oid;
}

GostCurve gost_curve(BytesView oid) {
  const std::string hex = to_hex(oid);
  const auto row = std::ranges::find(kCurves, hex, &CurveRow::oid);
  return row == kCurves.end() ? GostCurve::kUnknown : row->curve;
}

std::size_t gost_size(GostCurve curve) noexcept {
  switch (curve) {
    case GostCurve::kCryptoProA:
    case GostCurve::kCryptoProB:
    case GostCurve::kCryptoProC:
      return 32;
    case GostCurve::kTc26A512:
      return 64;
    case GostCurve::kUnknown:
      break;
  }
  return 0;
}

KeyType gost_key_type(GostCurve curve) noexcept {
  return curve == GostCurve::kTc26A512 ? KeyType::kGost512 : KeyType::kGost256;
}

bool gost_signs(GostCurve curve) noexcept {
  return curve == GostCurve::kCryptoProA || curve == GostCurve::kTc26A512;
}

std::string gost_name(GostCurve curve) {
  switch (curve) {
    case GostCurve::kCryptoProA:
      return "GOST 34.310-2004, CryptoPro-A";
    case GostCurve::kCryptoProB:
      return "GOST R 34.10-2012, CryptoPro-B";
    case GostCurve::kCryptoProC:
      return "GOST R 34.10-2012, CryptoPro-C";
    case GostCurve::kTc26A512:
      return "GOST R 34.10-2015, 512-A";
    case GostCurve::kUnknown:
      break;
  }
  return "GOST, unknown parameter set";
}

bool is_kazakh(BytesView oid) {
  static const Bytes arc = from_hex("2A830E");  // 1.2.398
  return oid.size() > 5 && equal(oid.subspan(2, arc.size()), arc);
}

Hash gost_hash_named(BytesView oid) {
  const std::string hex = to_hex(oid);
  const auto row = std::ranges::find(kHashes, hex, &HashRow::oid);
  return row == kHashes.end() ? Hash::kNone : row->hash;
}

Hash gost_hash_of(const GostPublicKey& key) {
  const Hash named = gost_hash_named(key.hash_parameters);
  if (named != Hash::kNone) return named;
  if (key.point.size() == 128) return Hash::kStreebog512;
  return is_kazakh(key.parameters) ? Hash::kGost94 : Hash::kGost94CryptoPro;
}

}  // namespace kilt::crypto
