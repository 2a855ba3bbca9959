#include "drivers/crypto/x509.h"

#include <gtest/gtest.h>

#include "drivers/crypto/hash.h"
#include "tests/support/x509_maker.h"

namespace kilt::x509 {
namespace {

Bytes make_certificate(const std::string& name) { return test::self_signed(name); }

TEST(X509, ReadsWhatDriversNeed) {
  const std::string name = "ТЕСТОВ ТЕСТ \xD2\x9A";
  const Bytes der = make_certificate(name);
  EXPECT_TRUE(is_certificate(der));
  EXPECT_EQ(name, common_name(der));
  const Bytes key = public_key_bits(der);
  ASSERT_FALSE(key.empty());
  EXPECT_EQ(0x30, key[0]) << "RSAPublicKey";
  EXPECT_EQ(crypto::sha1(key), key_identifier(der));
  EXPECT_EQ(20U, key_identifier(der).size());
}

TEST(X509, NoName) { EXPECT_EQ("", common_name(make_certificate(""))); }

TEST(X509, TruncatedAnywhereOrFollowedBySomething) {
  Bytes der = make_certificate("x");
  for (std::size_t size = 0; size < der.size(); ++size) {
    const BytesView part = BytesView(der).first(size);
    EXPECT_FALSE(is_certificate(part));
    EXPECT_TRUE(public_key_bits(part).empty());
    EXPECT_EQ("", common_name(part));
  }
  der.push_back(0x00);
  EXPECT_FALSE(is_certificate(der));
}

// What is still taken for a certificate has the length that it says; of the rest nothing is told.
TEST(X509, DamagedAnywhereIsACertificateOrNothing) {
  const Bytes der = make_certificate("x");
  for (std::size_t at = 0; at < der.size(); ++at) {
    for (const Byte value : Bytes{0x00, 0x30, 0x7F, 0x80, 0xFF}) {
      Bytes damaged = der;
      damaged[at] = value;
      const bool whole = is_certificate(damaged);
      if (at < 4) EXPECT_EQ(damaged == der, whole) << "its outer header, byte " << at;
      if (!whole) {
        EXPECT_EQ("", common_name(damaged)) << at;
        EXPECT_TRUE(public_key_bits(damaged).empty()) << at;
      }
    }
  }
}

}  // namespace
}  // namespace kilt::x509
