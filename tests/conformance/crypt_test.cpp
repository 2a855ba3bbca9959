// Encryption and decryption by RSA, against OpenSSL; every flag of every mechanism; random numbers.
#include <array>

#include <openssl/rsa.h>

#include "tests/conformance/fixtures.h"
#include "tests/conformance/referee.h"

namespace kilt::conformance {
namespace {

struct CryptCase {
  const char* name;
  CK_MECHANISM_TYPE type;
  int padding;
};

class Crypt : public WithRsa, public ::testing::WithParamInterface<CryptCase> {
 protected:
  void SetUp() override {
    WithRsa::SetUp();
    if (IsSkipped()) return;
    if (!can(GetParam().type, CKF_DECRYPT)) GTEST_SKIP() << "not advertised";
    if (!flag(session_, pair_.private_key, CKA_DECRYPT).value_or(false))
      GTEST_SKIP() << "the key does not decrypt";
    key_ = openssl_key(session_, pair_.public_key);
    ASSERT_NE(nullptr, key_);
    if (GetParam().padding == RSA_NO_PADDING) {
      plain_.assign(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())), 0x11);
      plain_[0] = 0;
    }
    mechanism_ = {GetParam().type, nullptr, 0};
    if (GetParam().padding == RSA_PKCS1_OAEP_PADDING)
      mechanism_ = {GetParam().type, &oaep_, sizeof oaep_};
  }
  CK_RV begin() {
    const CK_RV rv = p11().C_DecryptInit(session_, &mechanism_, pair_.private_key);
    if (rv == CKR_OK && flag(session_, pair_.private_key, CKA_ALWAYS_AUTHENTICATE).value_or(false))
      return login(session_, CKU_CONTEXT_SPECIFIC, options().pin);
    return rv;
  }
  EvpPkey key_{nullptr, EVP_PKEY_free};
  CK_RSA_PKCS_OAEP_PARAMS oaep_{CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, nullptr, 0};
  CK_MECHANISM mechanism_{};
  Bytes plain_ = Bytes(24, 'p'), result_ = Bytes(1024);
  CK_ULONG size_ = 1024;
};

TEST_P(Crypt, DecryptsWhatOpenSslEncrypts) {
  Bytes encrypted = openssl_encrypt(key_.get(), GetParam().padding, plain_);
  ASSERT_EQ(CKR_OK, begin());
  ASSERT_EQ(CKR_OK,
            p11().C_Decrypt(session_, encrypted.data(), encrypted.size(), result_.data(), &size_));
  result_.resize(size_);
  EXPECT_EQ(plain_, result_);
}

TEST_P(Crypt, DecryptsWhatTheModuleEncrypts) {
  if (!can(GetParam().type, CKF_ENCRYPT)) GTEST_SKIP() << "encryption is not advertised";
  Bytes encrypted(1024);
  CK_ULONG size = encrypted.size();
  ASSERT_EQ(CKR_OK, p11().C_EncryptInit(session_, &mechanism_, pair_.public_key));
  ASSERT_EQ(CKR_OK,
            p11().C_Encrypt(session_, plain_.data(), plain_.size(), encrypted.data(), &size));
  ASSERT_EQ(CKR_OK, begin());
  ASSERT_EQ(CKR_OK, p11().C_Decrypt(session_, encrypted.data(), size, result_.data(), &size_));
  result_.resize(size_);
  EXPECT_EQ(plain_, result_);
}

TEST_P(Crypt, ShortBufferLeavesTheOperation) {
  Bytes encrypted = openssl_encrypt(key_.get(), GetParam().padding, plain_);
  ASSERT_EQ(CKR_OK, begin());
  CK_ULONG small = plain_.size() - 1;
  EXPECT_EQ(CKR_BUFFER_TOO_SMALL,
            p11().C_Decrypt(session_, encrypted.data(), encrypted.size(), result_.data(), &small));
  EXPECT_GE(small, plain_.size());
  EXPECT_EQ(CKR_OK,
            p11().C_Decrypt(session_, encrypted.data(), encrypted.size(), result_.data(), &size_));
}

TEST_P(Crypt, WrongLengthIsRefused) {
  Bytes encrypted(33, 1);
  ASSERT_EQ(CKR_OK, begin());
  EXPECT_TRUE(is_one_of(
      p11().C_Decrypt(session_, encrypted.data(), encrypted.size(), result_.data(), &size_),
      {CKR_ENCRYPTED_DATA_LEN_RANGE, CKR_ENCRYPTED_DATA_INVALID}));
}

INSTANTIATE_TEST_SUITE_P(Each, Crypt,
                         ::testing::Values(CryptCase{"RSA_PKCS", CKM_RSA_PKCS, RSA_PKCS1_PADDING},
                                           CryptCase{"RSA_PKCS_OAEP", CKM_RSA_PKCS_OAEP,
                                                     RSA_PKCS1_OAEP_PADDING},
                                           CryptCase{"RSA_X_509", CKM_RSA_X_509, RSA_NO_PADDING}),
                         [](const auto& one) { return std::string(one.param.name); });

/// Calls the C_...Init of a flag with a key that cannot be: what is wrong is told by the code.
class Flags : public LoggedIn {
 protected:
  CK_RV init(CK_FLAGS flag, CK_MECHANISM_TYPE type) {
    CK_MECHANISM mechanism{type, nullptr, 0};
    constexpr CK_OBJECT_HANDLE kNone = ~0UL;
    if (flag == CKF_SIGN) return p11().C_SignInit(session_, &mechanism, kNone);
    if (flag == CKF_VERIFY) return p11().C_VerifyInit(session_, &mechanism, kNone);
    if (flag == CKF_ENCRYPT) return p11().C_EncryptInit(session_, &mechanism, kNone);
    if (flag == CKF_DECRYPT) return p11().C_DecryptInit(session_, &mechanism, kNone);
    const CK_RV rv = p11().C_DigestInit(session_, &mechanism);
    if (rv == CKR_OK) {  // and ended again
      Bytes value(128);
      CK_ULONG size = value.size();
      p11().C_DigestFinal(session_, value.data(), &size);
    }
    return rv;
  }
  static constexpr std::array kFlags{CKF_SIGN, CKF_VERIFY, CKF_ENCRYPT, CKF_DECRYPT, CKF_DIGEST};
};

TEST_F(Flags, WhatIsAdvertisedIsThere) {
  for (const CK_MECHANISM_TYPE type : mechanisms())
    for (const CK_FLAGS flag : kFlags) {
      if (!can(type, flag)) continue;
      EXPECT_FALSE(is_one_of(init(flag, type), {CKR_MECHANISM_INVALID, CKR_FUNCTION_NOT_SUPPORTED}))
          << "mechanism 0x" << std::hex << type << ", flag 0x" << flag;
    }
}

TEST_F(Flags, WhatIsNotAdvertisedIsRefused) {
  for (const CK_MECHANISM_TYPE type : mechanisms())
    for (const CK_FLAGS flag : kFlags) {
      if (can(type, flag)) continue;
      EXPECT_NE(CKR_OK, init(flag, type))
          << "mechanism 0x" << std::hex << type << ", flag " << flag;
    }
}

TEST_F(Flags, UnknownMechanismIsInvalid) {
  for (const CK_FLAGS flag : kFlags)
    EXPECT_TRUE(is_one_of(init(flag, CKM_VENDOR_DEFINED | 0x777),
                          {CKR_MECHANISM_INVALID, CKR_KEY_HANDLE_INVALID}));
}

class Random : public WithSession {};

TEST_F(Random, IsNotTwiceTheSame) {
  if ((token_info().flags & CKF_RNG) == 0) {
    Bytes one(16);
    EXPECT_EQ(CKR_RANDOM_NO_RNG, p11().C_GenerateRandom(session_, one.data(), one.size()));
    return;
  }
  Bytes one(32), two(32);
  ASSERT_EQ(CKR_OK, p11().C_GenerateRandom(session_, one.data(), one.size()));
  ASSERT_EQ(CKR_OK, p11().C_GenerateRandom(session_, two.data(), two.size()));
  EXPECT_NE(one, two);
}

TEST_F(Random, SeedIsTakenOrRefused) {
  Bytes seed(8, 1);
  EXPECT_TRUE(is_one_of(p11().C_SeedRandom(session_, seed.data(), seed.size()),
                        {CKR_OK, CKR_RANDOM_SEED_NOT_SUPPORTED, CKR_RANDOM_NO_RNG,
                         CKR_USER_NOT_LOGGED_IN, CKR_FUNCTION_NOT_SUPPORTED}));
}

}  // namespace
}  // namespace kilt::conformance
