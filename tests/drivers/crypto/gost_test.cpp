#include "drivers/crypto/gost.h"

#include <gtest/gtest.h>

#include "drivers/crypto/errors.h"
#include "drivers/crypto/gost_key.h"
#include "drivers/crypto/spki.h"
#include "tests/support/gost_arithmetic.h"

namespace kilt::crypto {
namespace {

using test::gost::Coordinates;
using test::gost::Curve;
using test::gost::from_little_endian;
using test::gost::to_little_endian;

struct Signing {
  const char* name;
  GostCurve curve;
  Bytes oid, hash_oid;
  Curve arithmetic;
};

std::vector<Signing> signing() {
  return {{"512-A", GostCurve::kTc26A512, kazakh_512_curve(), kazakh_512_hash(),
           test::gost::tc26_512_a()},
          {"CryptoPro-A", GostCurve::kCryptoProA, kazakh_2004_curve(), kazakh_2004_hash(),
           test::gost::crypto_pro_a()}};
}

Coordinates coordinates(BytesView point) {
  return {from_little_endian(point.first(point.size() / 2)),
          from_little_endian(point.subspan(point.size() / 2))};
}

/// A hash value that is not the same from call to call.
Bytes some_hash(std::size_t size, Byte seed) {
  return digest(size == 64 ? Hash::kStreebog512 : Hash::kGost94, Bytes{seed});
}

TEST(Gost, SignaturesVerifyByOtherArithmetic) {
  for (const Signing& of : signing()) {
    SCOPED_TRACE(of.name);
    for (Byte round = 0; round < 8; ++round) {
      const GostKey key = GostKey::generate(of.curve);
      const mpz_class d = from_little_endian(key.scalar().view());
      const Coordinates point = coordinates(key.point());
      const auto own = of.arithmetic.multiply(d, of.arithmetic.base);
      EXPECT_EQ(own->x, point.x);
      EXPECT_EQ(own->y, point.y);
      const Bytes hash = some_hash(gost_size(of.curve), round);
      const Bytes signature = key.sign(hash);
      ASSERT_EQ(2 * gost_size(of.curve), signature.size());
      // Kazakh: r || s, each little-endian; the hash is read little-endian.
      const Bytes kazakh = kazakh_signature(signature);
      const Coordinates pair = coordinates(kazakh);
      EXPECT_TRUE(of.arithmetic.verify(point, from_little_endian(hash), pair.x, pair.y));
      EXPECT_TRUE(gost_verify({of.oid, of.hash_oid, key.point()}, hash, signature));
    }
  }
}

TEST(Gost, NoncesDiffer) {
  const GostKey key = GostKey::generate(GostCurve::kTc26A512);
  const Bytes hash = some_hash(64, 1);
  EXPECT_NE(key.sign(hash), key.sign(hash));
}

/// A signature made by the tests' arithmetic: curves that the host does not sign with, too.
struct Foreign {
  GostPublicKey key;
  Bytes hash, signature;
};
Foreign foreign(const Curve& curve, const Bytes& oid) {
  const mpz_class d("123456789012345678901234567890"), k("987654321098765432109876543210");
  const auto point = curve.multiply(d, curve.base);
  Foreign made;
  made.key.parameters = oid;
  made.key.point = to_little_endian(point->x, curve.size);
  append(made.key.point, to_little_endian(point->y, curve.size));
  made.hash = some_hash(curve.size, 7);
  const auto [r, s] = curve.sign(d, from_little_endian(made.hash), k);
  Bytes kazakh = to_little_endian(r, curve.size);
  append(kazakh, to_little_endian(s, curve.size));
  made.signature = kazakh_signature(kazakh);
  return made;
}

TEST(Gost, VerifiesEveryKnownCurveAndNoChangedBit) {
  const std::vector<std::pair<Curve, const char*>> curves{
      {test::gost::tc26_512_a(), "06092A8503070102010201"},
      {test::gost::crypto_pro_a(), "06072A850302022301"},
      {test::gost::crypto_pro_b(), "06072A850302022302"},
      {test::gost::crypto_pro_c(), "06072A850302022303"},
      {test::gost::crypto_pro_c(), "06072A850302022401"},
      {test::gost::crypto_pro_b(), "06092A8503070102010103"}};
  for (const auto& [curve, oid] : curves) {
    SCOPED_TRACE(oid);
    const Foreign made = foreign(curve, from_hex(oid));
    EXPECT_TRUE(gost_is_on_curve(made.key));
    EXPECT_TRUE(gost_verify(made.key, made.hash, made.signature));
    for (std::size_t at = 0; at < made.signature.size(); at += 9) {
      Foreign bad = made;
      bad.signature[at] ^= 0x01;
      EXPECT_FALSE(gost_verify(bad.key, bad.hash, bad.signature)) << at;
    }
    Foreign bad = made;
    bad.hash[3] ^= 0x80;
    EXPECT_FALSE(gost_verify(bad.key, bad.hash, bad.signature));
    bad = made;
    bad.key.point[5] ^= 0x01;
    EXPECT_FALSE(gost_is_on_curve(bad.key));
    EXPECT_FALSE(gost_verify(bad.key, bad.hash, bad.signature));
  }
}

TEST(Gost, RefusesNumbersOutOfRange) {
  const std::vector<std::pair<Curve, const char*>> curves{
      {test::gost::tc26_512_a(), "06092A8503070102010201"},
      {test::gost::crypto_pro_b(), "06072A850302022302"}};
  for (const auto& [curve, oid] : curves) {
    SCOPED_TRACE(oid);
    const Foreign made = foreign(curve, from_hex(oid));
    const std::size_t size = curve.size;
    const Bytes r = to_bytes(BytesView(made.signature).subspan(size));
    const Bytes s = to_bytes(BytesView(made.signature).first(size));
    for (const mpz_class& wrong : {mpz_class(0), curve.q, mpz_class(curve.q + 1)}) {
      const Bytes number = reversed(to_little_endian(wrong, size));
      Bytes signature = number;
      append(signature, r);
      EXPECT_FALSE(gost_verify(made.key, made.hash, signature)) << "s";
      signature = s;
      append(signature, number);
      EXPECT_FALSE(gost_verify(made.key, made.hash, signature)) << "r";
    }
    EXPECT_FALSE(gost_verify(made.key, made.hash, Bytes(2 * size, 0xFF)));
    EXPECT_FALSE(gost_verify(made.key, made.hash, Bytes{}));
    EXPECT_FALSE(gost_verify(made.key, Bytes(size - 1, 1), made.signature));
    const GostPublicKey unknown{from_hex("06072A850302022309"), {}, made.key.point};
    EXPECT_FALSE(gost_verify(unknown, made.hash, made.signature));
  }
}

TEST(Gost, RefusesPrivateKeysOutOfRange) {
  for (const Signing& of : signing()) {
    SCOPED_TRACE(of.name);
    const std::size_t size = gost_size(of.curve);
    const Bytes zero(size, 0x00);
    EXPECT_THROW(GostKey(of.curve, zero), InvalidData);
    EXPECT_THROW(GostKey(of.curve, to_little_endian(of.arithmetic.q, size)), InvalidData);
    EXPECT_THROW(GostKey(of.curve, to_little_endian(of.arithmetic.q + 1, size)), InvalidData);
    EXPECT_THROW(GostKey(of.curve, Bytes(size, 0xFF)), InvalidData);
    EXPECT_THROW(GostKey(of.curve, Bytes(size - 1, 0x01)), InvalidData);
    const GostKey least(of.curve, to_little_endian(1, size));
    EXPECT_EQ(of.arithmetic.base.x, coordinates(least.point()).x);
    const GostKey most(of.curve, to_little_endian(of.arithmetic.q - 1, size));
    EXPECT_EQ(of.arithmetic.base.x, coordinates(most.point()).x);
    EXPECT_THROW((void)least.sign(Bytes(size + 1, 0x01)), InvalidData);
  }
  EXPECT_THROW(GostKey(GostCurve::kCryptoProB, Bytes(32, 0x01)), NotSupported);
}

TEST(Gost, KeysAsTheCaWritesThem) {
  for (const Signing& of : signing()) {
    SCOPED_TRACE(of.name);
    const auto key = generate_gost_key(of.oid, of.hash_oid);
    const SecureBytes info = key->private_key_info();
    const auto again = read_private_key(info.view());
    const auto& point = std::get<GostPublicKey>(key->public_key()).point;
    EXPECT_EQ(point, std::get<GostPublicKey>(again->public_key()).point);
    if (of.curve == GostCurve::kTc26A512) {
      EXPECT_EQ(110U, info.size());
    } else {
      EXPECT_TRUE(info.size() == 80 || info.size() == 81 || info.size() < 80) << info.size();
    }
    const Bytes spki = public_key_info(key->public_key());
    const PublicKey parsed = read_gost_public_key(spki);
    ASSERT_TRUE(std::holds_alternative<GostPublicKey>(parsed));
    EXPECT_EQ(of.oid, std::get<GostPublicKey>(parsed).parameters);
    EXPECT_EQ(of.hash_oid, std::get<GostPublicKey>(parsed).hash_parameters);
    EXPECT_EQ(point, std::get<GostPublicKey>(parsed).point);
  }
}

TEST(Gost, DamagedKeysAreRefused) {
  const auto key = generate_gost_key(kazakh_512_curve(), kazakh_512_hash());
  const Bytes info = to_bytes(key->private_key_info().view());
  for (std::size_t size = 0; size < info.size(); ++size)
    EXPECT_THROW((void)read_private_key(BytesView(info).first(size)), Error) << size;
  for (std::size_t at = 0; at < info.size(); ++at)
    for (const Byte value : Bytes{0x00, 0x02, 0x30, 0x80, 0xFF}) {
      Bytes damaged = info;
      damaged[at] = value;
      try {
        (void)read_private_key(damaged);
      } catch (const Error&) {
        continue;  // any of the three kinds
      }
    }
  Bytes other = info;  // the parameter set's last arc
  const Bytes oid = kazakh_512_curve();
  const auto found = std::search(other.begin(), other.end(), oid.begin(), oid.end());
  ASSERT_NE(other.end(), found);
  *(found + static_cast<std::ptrdiff_t>(oid.size()) - 1) = 0x09;
  EXPECT_THROW((void)read_private_key(other), NotSupported);
}

TEST(GostHash, KnownAnswers) {
  // RFC 6986, section 10.1.
  const Bytes m1 = to_bytes("012345678901234567890123456789012345678901234567890123456789012");
  EXPECT_EQ(from_hex("1b54d01a4af5b9d5cc3d86d68d285462b19abc2475222f35c085122be4ba1ffa"
                     "00ad30f8767b3a82384c6574f024c311e2a481332b08ef7f41797891c1646f48"),
            digest(Hash::kStreebog512, m1));
  EXPECT_EQ(from_hex("9d151eefd8590b89daa6ba6cb74af9275dd051026bb149a452fd84e5e57b5500"),
            digest(Hash::kStreebog256, m1));
  // RFC 5831, section 7.3.
  const Bytes m2 = to_bytes("This is message, length=32 bytes");
  EXPECT_EQ(from_hex("b1c466d37519b82e8319819ff32595e047a28cb6f83eff1c6916a815a637fffa"),
            digest(Hash::kGost94, m2));
  EXPECT_EQ(from_hex("2cefc2f7b7bdc514e18ea57fa74ff357e7fa17d652c75f69cb1be7893ede48eb"),
            digest(Hash::kGost94CryptoPro, m2));
}

TEST(GostHash, InParts) {
  Bytes data(1000);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<Byte>(i);
  for (const Hash hash : {Hash::kStreebog256, Hash::kStreebog512, Hash::kGost94}) {
    Digest running(hash);
    for (std::size_t at = 0; at < data.size(); at += 37)
      running.update(BytesView(data).subspan(at, std::min<std::size_t>(37, data.size() - at)));
    EXPECT_EQ(digest(hash, data), running.finish());
  }
}

}  // namespace
}  // namespace kilt::crypto
