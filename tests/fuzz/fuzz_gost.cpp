// GOST keys and signatures. The first byte chooses: a SubjectPublicKeyInfo, a PrivateKeyInfo, bytes
// in the place of a signature, changes of a good signature or of a certificate. What judges is the
// tests' own arithmetic, or what was known before.
#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>

#include "apdu/tlv.h"
#include "drivers/crypto/gost.h"
#include "drivers/crypto/gost_key.h"
#include "drivers/crypto/spki.h"
#include "drivers/crypto/x509.h"
#include "tests/fuzz/fixed_keys.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/support/gost_arithmetic.h"
#include "tools/x509/certificate.h"
#include "tools/x509/gost_algorithm.h"
#include "tools/x509/signed_object.h"

namespace {

using namespace kilt;  // NOLINT(google-build-using-namespace): the program is about it
using crypto::GostCurve;
using fuzz::check;
namespace arithmetic = test::gost;

constexpr std::uint32_t kSequence = 0x30, kBitString = 0x03;

const arithmetic::Curve* curve_of(GostCurve curve) {
  static const std::array kCurves{arithmetic::crypto_pro_a(), arithmetic::crypto_pro_b(),
                                  arithmetic::crypto_pro_c(), arithmetic::tc26_512_a()};
  if (curve == GostCurve::kCryptoProA) return &kCurves[0];
  if (curve == GostCurve::kCryptoProB) return &kCurves[1];
  if (curve == GostCurve::kCryptoProC) return &kCurves[2];
  return curve == GostCurve::kTc26A512 ? &kCurves[3] : nullptr;
}

/// By the tests' arithmetic: coordinates below p, and the curve's equation.
bool is_a_point(const GostPublicKey& key) {
  const arithmetic::Curve* curve = curve_of(crypto::gost_curve(key.parameters));
  if (curve == nullptr || key.point.size() != 2 * curve->size) return false;
  const BytesView point(key.point);
  const arithmetic::Coordinates at{arithmetic::from_little_endian(point.first(curve->size)),
                                   arithmetic::from_little_endian(point.subspan(curve->size))};
  return at.x < curve->p && at.y < curve->p && curve->has(at);
}

void public_key(BytesView input) {
  const PublicKey key = crypto::read_gost_public_key(input);
  const auto* gost = std::get_if<GostPublicKey>(&key);
  if (gost == nullptr) return;
  const bool accepted = crypto::gost_is_on_curve(*gost);
  check(accepted == is_a_point(*gost), "a point is on the curve for one, and not for the other");
  const std::size_t size = gost->point.size() / 2;
  const Bytes hash(size, 0x5A);
  check(!crypto::gost_verify(*gost, hash, gost->point), "a point passes for a signature");
  check(!crypto::gost_verify(*gost, hash, Bytes(2 * size, 0)), "zeros pass for a signature");
  const PublicKey again = crypto::read_gost_public_key(crypto::public_key_info(key));
  const auto* same = std::get_if<GostPublicKey>(&again);
  check(same != nullptr && same->point == gost->point && same->parameters == gost->parameters,
        "a key is another one when it was written");
  static_cast<void>(tool::key_algorithm(input));
  static_cast<void>(tool::gost_algorithm(input));
}

void private_key(BytesView input) {
  const auto key = crypto::read_private_key(input);
  const auto* gost = std::get_if<GostPublicKey>(&key->public_key());
  if (gost == nullptr) return;
  check(is_a_point(*gost), "a private key's point is not on the curve");
  const std::size_t size = gost->point.size() / 2;
  Bytes hash(size);
  std::iota(hash.begin(), hash.end(), Byte{7});
  Bytes signature = key->sign(hash);
  check(crypto::gost_verify(*gost, hash, signature), "a signature just made does not verify");
  signature[input.size() % signature.size()] ^= 0x10;
  check(!crypto::gost_verify(*gost, hash, signature), "a changed signature verifies");
  const auto again = crypto::read_private_key(key->private_key_info().view());
  check(std::get<GostPublicKey>(again->public_key()).point == gost->point,
        "a private key is another one when it was written");
}

/// A key of each curve with a hash value and its one signature that is known.
struct Known {
  GostPublicKey key;
  Bytes hash, signature;  ///< s || r big-endian
};
Known make_known(const char* oid) {
  Known known;
  known.key.parameters = from_hex(oid);
  const arithmetic::Curve& curve = *curve_of(crypto::gost_curve(known.key.parameters));
  known.hash = Bytes(curve.size, 0x11);
  const mpz_class d = 0x1234567, k = 0x7654321;
  const arithmetic::CurvePoint point = curve.multiply(d, curve.base);
  known.key.point = arithmetic::to_little_endian(point->x, curve.size);
  append(known.key.point, arithmetic::to_little_endian(point->y, curve.size));
  const auto [r, s] = curve.sign(d, arithmetic::from_little_endian(known.hash), k);
  known.signature = arithmetic::to_little_endian(r, curve.size);
  append(known.signature, arithmetic::to_little_endian(s, curve.size));
  known.signature = crypto::kazakh_signature(known.signature);
  check(crypto::gost_verify(known.key, known.hash, known.signature),
        "a signature by other arithmetic does not verify");
  return known;
}
const Known& known(unsigned which) {
  static const std::array kKnown{make_known("060A2A830E030A0101010101"),
                                 make_known("06072A850302022302"), make_known("06072A850302022303"),
                                 make_known("060A2A830E030A0101020201")};
  return kKnown[which % kKnown.size()];
}

void signature(BytesView input) {
  if (input.empty()) return;
  const Known& one = known(input[0]);
  const BytesView bytes = input.subspan(1);
  check(crypto::gost_verify(one.key, one.hash, bytes) == equal(bytes, one.signature),
        "other bytes pass for a signature");
}

/// Each step is three bytes: what, where, and with what.
Bytes changed(Bytes bytes, BytesView steps, const mpz_class& q) {
  const std::size_t half = bytes.size() / 2;
  for (; steps.size() >= 3 && !bytes.empty(); steps = steps.subspan(3)) {
    const std::size_t at = (steps[1] | (steps[0] & 0x70U) << 4U) % bytes.size();
    switch (steps[0] % 8) {
      case 0:
        bytes[at] ^= steps[2];
        break;
      case 1:
        bytes[at] = steps[2];
        break;
      case 2:  // a number with the same rest
      case 3: {
        const std::size_t start = at < half ? 0 : half;
        Bytes number(bytes.begin() + static_cast<std::ptrdiff_t>(start), bytes.end());
        number.resize(std::min(number.size(), half));
        const mpz_class value = arithmetic::from_little_endian(reversed(number));
        const mpz_class other = steps[0] % 8 == 2 ? mpz_class(value + q) : mpz_class(q - value);
        if (other < 0 || mpz_sizeinbase(other.get_mpz_t(), 2) > 8 * number.size()) break;
        const Bytes turned = reversed(arithmetic::to_little_endian(other, number.size()));
        std::copy(turned.begin(), turned.end(), bytes.begin() + static_cast<std::ptrdiff_t>(start));
        break;
      }
      case 4:
        std::rotate(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end());
        break;
      case 5:
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), steps[2]);
        break;
      case 6:
        bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      default:
        bytes.resize(at);
    }
  }
  return bytes;
}

void changed_signature(BytesView input) {
  if (input.empty()) return;
  const Known& one = known(input[0]);
  const Bytes bytes =
      changed(one.signature, input.subspan(1), curve_of(crypto::gost_curve(one.key.parameters))->q);
  check(crypto::gost_verify(one.key, one.hash, bytes) == (bytes == one.signature),
        "a changed signature verifies");
}

/// TBSCertificate, or whatever stands in its place.
BytesView first_part(BytesView der) {
  const auto outer = tlv::Reader(der).next();
  if (!outer) return {};
  const auto part = tlv::Reader(outer->value).next();
  return part ? part->encoded : BytesView{};
}

/// A certificate that is signed by its own key, and that key's SubjectPublicKeyInfo.
struct Certificate {
  Bytes der;
  tool::Bytes info;
};
Certificate make_certificate(bool gost512) {
  const auto key = fuzz::fixed_key(gost512);
  const Bytes info = crypto::public_key_info(key->public_key());
  const tool::GostAlgorithm names = tool::gost_algorithm(info);
  Bytes algorithm;
  append(algorithm, tool::to_der(tool::object_of(names.signature_oid).get(), i2d_ASN1_OBJECT));
  append(algorithm, from_hex("0500"));
  const Bytes identifier = tlv::encode(kSequence, algorithm);
  const Bytes name = from_hex(
      "300F310D300B06035504030C04"
      "54455354");  // CN=TEST
  Bytes part = from_hex(
      "A003020102"
      "020101");
  append(part, identifier);
  append(part, name);
  append(part, from_hex("301E"
                        "170D3236303130313030303030305A"
                        "170D3436303130313030303030305A"));
  append(part, name);
  append(part, info);
  const Bytes whole = tlv::encode(kSequence, part);
  Bytes bits{0x00};
  append(bits, crypto::kazakh_signature(key->sign(crypto::digest(names.hash, whole))));
  Bytes body = whole;
  append(body, identifier);
  append(body, tlv::encode(kBitString, bits));
  Certificate made{tlv::encode(kSequence, body), tool::plain(info)};
  check(tool::is_signed_by(made.der, made.info), "a certificate just made does not verify");
  return made;
}

void changed_certificate(BytesView input) {
  static const std::array kGood{make_certificate(true), make_certificate(false)};
  if (input.empty()) return;
  const Certificate& good = kGood[input[0] & 1U];
  const Bytes der = changed(good.der, input.subspan(1), 1);
  const bool verifies = tool::is_signed_by(der, good.info);
  check(!verifies || equal(first_part(der), first_part(good.der)),
        "a changed certificate verifies");
  static_cast<void>(x509::public_key(der));
  static_cast<void>(x509::key_identifier(der));
  static_cast<void>(tool::parse_certificate(der));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const BytesView input(data + 1, size - 1);
  try {
    switch (data[0] % 5) {
      case 0:
        public_key(input);
        break;
      case 1:
        private_key(input);
        break;
      case 2:
        signature(input);
        break;
      case 3:
        changed_signature(input);
        break;
      default:
        changed_certificate(input);
    }
  } catch (const Error&) {
    return 0;
  } catch (const tool::Failure&) {
    return 0;
  }
  return 0;
}
