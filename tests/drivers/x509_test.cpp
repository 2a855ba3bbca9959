#include "drivers/x509.h"

#include <memory>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "drivers/crypto.h"

namespace kilt::x509 {
namespace {

/// A self-signed certificate; `name` in UTF-8, none if empty.
Bytes make_certificate(const std::string& name) {
  EVP_PKEY* key = EVP_RSA_gen(1024);
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  if (!name.empty())
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.data()),
                               static_cast<int>(name.size()), -1, 0);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  Bytes der(static_cast<std::size_t>(i2d_X509(certificate, nullptr)));
  Byte* out = der.data();
  i2d_X509(certificate, &out);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return der;
}

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

TEST(X509, DamagedAnywhereNeverCrashes) {
  const Bytes der = make_certificate("x");
  for (std::size_t at = 0; at < der.size(); ++at) {
    for (const Byte value : Bytes{0x00, 0x30, 0x7F, 0x80, 0xFF}) {
      Bytes damaged = der;
      damaged[at] = value;
      (void)is_certificate(damaged);
      (void)common_name(damaged);
      (void)key_identifier(damaged);
    }
  }
}

}  // namespace
}  // namespace kilt::x509
