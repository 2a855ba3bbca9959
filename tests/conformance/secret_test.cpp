// Secret keys: block ciphers and MACs that the module advertises, against OpenSSL; the whole and
// its parts (PKCS#11 v3.2, 5.8, 5.10, 5.13, 5.15; AES: 6.10 to 6.14).
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "tests/conformance/fixtures.h"
#include "tests/conformance/referee.h"

namespace kilt::conformance {
namespace {

struct SecretCase {
  const char* name;
  CK_MECHANISM_TYPE type;
  CK_KEY_TYPE key;
  std::size_t key_size;
  const char* openssl;  ///< cipher; digest or cipher of a MAC
  std::size_t iv_size;
  bool pads;          ///< any length of data
  bool code = false;  ///< authenticated: a tag follows
};

/// A session key of known value, made for the case.
class Secret : public LoggedIn, public ::testing::WithParamInterface<SecretCase> {
 protected:
  void use_key(CK_ATTRIBUTE_TYPE one, CK_ATTRIBUTE_TYPE other) {
    value_ = pattern(GetParam().key_size, 0x31);
    Template wanted;
    wanted.number(CKA_CLASS, CKO_SECRET_KEY)
        .number(CKA_KEY_TYPE, GetParam().key)
        .flag(CKA_TOKEN, false)
        .flag(one, true)
        .flag(other, true)
        .bytes(CKA_VALUE, value_);
    ASSERT_EQ(CKR_OK, p11().C_CreateObject(session_, wanted.data(), wanted.size(), &key_));
  }
  /// Odd in every byte, as DES wants it, and no two alike.
  static Bytes pattern(std::size_t size, unsigned step) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
      bytes[i] = static_cast<CK_BYTE>(i * step * 2 + 2);
      if (__builtin_parity(bytes[i]) == 0) bytes[i] ^= 1U;
    }
    return bytes;
  }
  [[nodiscard]] Bytes result() const {
    return {result_.begin(), result_.begin() + static_cast<std::ptrdiff_t>(size_)};
  }
  Bytes value_, result_ = Bytes(1024);
  CK_ULONG size_ = 1024;
  CK_OBJECT_HANDLE key_ = 0;
};

class Ciphers : public Secret {
 protected:
  void SetUp() override {
    Secret::SetUp();
    if (!can(GetParam().type, CKF_ENCRYPT) || !can(GetParam().type, CKF_DECRYPT))
      GTEST_SKIP() << "not advertised";
    use_key(CKA_ENCRYPT, CKA_DECRYPT);
    iv_ = pattern(GetParam().iv_size, 7);
    mechanism_ = {GetParam().type, iv_.data(), iv_.size()};
    if (GetParam().type == CKM_AES_CTR) {
      counter_.ulCounterBits = 128;
      std::copy(iv_.begin(), iv_.end(), counter_.cb);
      mechanism_ = {GetParam().type, &counter_, sizeof counter_};
    }
    if (GetParam().code) {
      gcm_ = {iv_.data(), iv_.size(), iv_.size() * 8, more_.data(), more_.size(), kTag * 8};
      mechanism_ = {GetParam().type, &gcm_, sizeof gcm_};
    }
    if (mechanism_.ulParameterLen == 0) mechanism_.pParameter = nullptr;
  }
  /// With OpenSSL: the cryptogram, the tag behind it.
  Bytes expected() {
    const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
        EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    Bytes made(plain_.size() + 64);
    int size = 0, rest = 0;
    EVP_EncryptInit_ex2(context.get(), EVP_get_cipherbyname(GetParam().openssl), value_.data(),
                        iv_.data(), nullptr);
    EVP_CIPHER_CTX_set_padding(context.get(), GetParam().pads ? 1 : 0);
    if (GetParam().code)
      EVP_EncryptUpdate(context.get(), nullptr, &size, more_.data(),
                        static_cast<int>(more_.size()));
    EVP_EncryptUpdate(context.get(), made.data(), &size, plain_.data(),
                      static_cast<int>(plain_.size()));
    EVP_EncryptFinal_ex(context.get(), made.data() + size, &rest);
    size += rest;
    if (GetParam().code) {
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTag, made.data() + size);
      size += kTag;
    }
    made.resize(static_cast<std::size_t>(size));
    return made;
  }
  CK_RV encrypt(Bytes data) {
    const CK_RV rv = p11().C_EncryptInit(session_, &mechanism_, key_);
    if (rv != CKR_OK) return rv;
    size_ = result_.size();
    return p11().C_Encrypt(session_, data.data(), data.size(), result_.data(), &size_);
  }
  CK_RV decrypt(Bytes data) {
    const CK_RV rv = p11().C_DecryptInit(session_, &mechanism_, key_);
    if (rv != CKR_OK) return rv;
    size_ = result_.size();
    return p11().C_Decrypt(session_, data.data(), data.size(), result_.data(), &size_);
  }
  static constexpr int kTag = 16;
  Bytes iv_, plain_ = pattern(96, 5), more_ = Bytes(20, 'a');
  CK_AES_CTR_PARAMS counter_{};
  CK_GCM_PARAMS gcm_{};
  CK_MECHANISM mechanism_{};
};

TEST_P(Ciphers, EncryptAsOpenSsl) {
  ASSERT_EQ(CKR_OK, encrypt(plain_));
  EXPECT_EQ(expected(), result());
}

TEST_P(Ciphers, DecryptWhatOpenSslEncrypts) {
  ASSERT_EQ(CKR_OK, decrypt(expected()));
  EXPECT_EQ(plain_, result());
}

TEST_P(Ciphers, PartsAreTheWhole) {
  ASSERT_EQ(CKR_OK, p11().C_EncryptInit(session_, &mechanism_, key_));
  std::size_t done = 0;
  for (std::size_t at = 0; at < plain_.size(); at += 32) {
    size_ = result_.size() - done;
    ASSERT_EQ(CKR_OK, p11().C_EncryptUpdate(session_, plain_.data() + at, 32, result_.data() + done,
                                            &size_));
    done += size_;
  }
  size_ = result_.size() - done;
  ASSERT_EQ(CKR_OK, p11().C_EncryptFinal(session_, result_.data() + done, &size_));
  size_ += done;
  EXPECT_EQ(expected(), result());
}

TEST_P(Ciphers, DecryptionInPartsIsTheWhole) {
  Bytes encrypted = expected();
  ASSERT_EQ(CKR_OK, p11().C_DecryptInit(session_, &mechanism_, key_));
  std::size_t done = 0;
  for (std::size_t at = 0; at < encrypted.size(); at += 16) {
    size_ = result_.size() - done;
    ASSERT_EQ(CKR_OK, p11().C_DecryptUpdate(session_, encrypted.data() + at,
                                            std::min<std::size_t>(16, encrypted.size() - at),
                                            result_.data() + done, &size_));
    done += size_;
  }
  size_ = result_.size() - done;
  ASSERT_EQ(CKR_OK, p11().C_DecryptFinal(session_, result_.data() + done, &size_));
  size_ += done;
  EXPECT_EQ(plain_, result());
}

TEST_P(Ciphers, HalfABlockIsPaddedOrRefused) {
  const bool any = GetParam().pads || GetParam().code || GetParam().type == CKM_AES_CTR;
  plain_.resize(90);
  const CK_RV rv = encrypt(plain_);
  if (any) {
    ASSERT_EQ(CKR_OK, rv);
    EXPECT_EQ(expected(), result());
    ASSERT_EQ(CKR_OK, decrypt(result()));
    EXPECT_EQ(plain_, result());
  } else {
    EXPECT_EQ(CKR_DATA_LEN_RANGE, rv);
  }
}

TEST_P(Ciphers, ChangedCryptogramIsFound) {
  if (!GetParam().code) GTEST_SKIP() << "not an authenticated cipher";
  Bytes encrypted = expected();
  encrypted.at(3) ^= 1U;
  EXPECT_EQ(CKR_ENCRYPTED_DATA_INVALID, decrypt(encrypted)) << "(5.1.6)";
}

INSTANTIATE_TEST_SUITE_P(
    Each, Ciphers,
    ::testing::Values(
        SecretCase{"AES_ECB", CKM_AES_ECB, CKK_AES, 16, "AES-128-ECB", 0, false},
        SecretCase{"AES_CBC", CKM_AES_CBC, CKK_AES, 24, "AES-192-CBC", 16, false},
        SecretCase{"AES_CBC_PAD", CKM_AES_CBC_PAD, CKK_AES, 32, "AES-256-CBC", 16, true},
        SecretCase{"AES_CTR", CKM_AES_CTR, CKK_AES, 32, "AES-256-CTR", 16, false},
        SecretCase{"AES_GCM", CKM_AES_GCM, CKK_AES, 32, "id-aes256-GCM", 12, false, true},
        SecretCase{"DES3_ECB", CKM_DES3_ECB, CKK_DES3, 24, "DES-EDE3", 0, false},
        SecretCase{"DES3_CBC", CKM_DES3_CBC, CKK_DES3, 24, "DES-EDE3-CBC", 8, false},
        SecretCase{"DES3_CBC_PAD", CKM_DES3_CBC_PAD, CKK_DES3, 24, "DES-EDE3-CBC", 8, true}),
    [](const auto& one) { return std::string(one.param.name); });

class Macs : public Secret {
 protected:
  void SetUp() override {
    Secret::SetUp();
    if (!can(GetParam().type, CKF_SIGN) || !can(GetParam().type, CKF_VERIFY))
      GTEST_SKIP() << "not advertised";
    use_key(CKA_SIGN, CKA_VERIFY);
    mechanism_ = {GetParam().type, nullptr, 0};
  }
  Bytes expected() {
    const bool cmac = GetParam().type == CKM_AES_CMAC;
    std::string name = GetParam().openssl;
    const OSSL_PARAM parameters[]{
        OSSL_PARAM_construct_utf8_string(cmac ? OSSL_MAC_PARAM_CIPHER : OSSL_MAC_PARAM_DIGEST,
                                         name.data(), 0),
        OSSL_PARAM_construct_end()};
    Bytes made(64);
    std::size_t size = 0;
    EXPECT_NE(nullptr, EVP_Q_mac(nullptr, cmac ? "CMAC" : "HMAC", nullptr, nullptr, parameters,
                                 value_.data(), value_.size(), data_.data(), data_.size(),
                                 made.data(), made.size(), &size));
    made.resize(size);
    return made;
  }
  CK_RV verify(Bytes code) {
    const CK_RV rv = p11().C_VerifyInit(session_, &mechanism_, key_);
    if (rv != CKR_OK) return rv;
    return p11().C_Verify(session_, data_.data(), data_.size(), code.data(), code.size());
  }
  CK_MECHANISM mechanism_{};
  Bytes data_ = pattern(150, 3);
};

TEST_P(Macs, AreOpenSsls) {
  ASSERT_EQ(CKR_OK, p11().C_SignInit(session_, &mechanism_, key_));
  ASSERT_EQ(CKR_OK, p11().C_Sign(session_, data_.data(), data_.size(), result_.data(), &size_));
  EXPECT_EQ(expected(), result());
}

TEST_P(Macs, PartsAreTheWhole) {
  ASSERT_EQ(CKR_OK, p11().C_SignInit(session_, &mechanism_, key_));
  for (std::size_t at = 0; at < data_.size(); at += 50)
    ASSERT_EQ(CKR_OK, p11().C_SignUpdate(session_, data_.data() + at, 50));
  ASSERT_EQ(CKR_OK, p11().C_SignFinal(session_, result_.data(), &size_));
  EXPECT_EQ(expected(), result());
}

TEST_P(Macs, AreVerified) {
  Bytes code = expected();
  EXPECT_EQ(CKR_OK, verify(code));
  code.at(0) ^= 1U;
  EXPECT_EQ(CKR_SIGNATURE_INVALID, verify(code));
  code.resize(code.size() - 1);
  EXPECT_EQ(CKR_SIGNATURE_LEN_RANGE, verify(code)) << "(5.1.6, it has the priority)";
}

INSTANTIATE_TEST_SUITE_P(
    Each, Macs,
    ::testing::Values(
        SecretCase{"SHA_1_HMAC", CKM_SHA_1_HMAC, CKK_GENERIC_SECRET, 64, "SHA1", 0, true},
        SecretCase{"SHA224_HMAC", CKM_SHA224_HMAC, CKK_GENERIC_SECRET, 64, "SHA224", 0, true},
        SecretCase{"SHA256_HMAC", CKM_SHA256_HMAC, CKK_GENERIC_SECRET, 64, "SHA256", 0, true},
        SecretCase{"SHA384_HMAC", CKM_SHA384_HMAC, CKK_GENERIC_SECRET, 64, "SHA384", 0, true},
        SecretCase{"SHA512_HMAC", CKM_SHA512_HMAC, CKK_GENERIC_SECRET, 64, "SHA512", 0, true},
        SecretCase{"AES_CMAC", CKM_AES_CMAC, CKK_AES, 32, "AES-256-CBC", 0, true}),
    [](const auto& one) { return std::string(one.param.name); });

class SecretKeys : public LoggedIn {};

TEST_F(SecretKeys, AreMadeOfTheLengthAskedFor) {
  if (!can(CKM_AES_KEY_GEN, CKF_GENERATE)) GTEST_SKIP() << "not advertised";
  CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
  std::set<Bytes> values;
  for (const CK_ULONG size : {16UL, 24UL, 32UL, 32UL}) {
    Template wanted;
    wanted.number(CKA_VALUE_LEN, size)
        .flag(CKA_TOKEN, false)
        .flag(CKA_SENSITIVE, false)
        .flag(CKA_EXTRACTABLE, true);
    CK_OBJECT_HANDLE key = 0;
    ASSERT_EQ(CKR_OK,
              p11().C_GenerateKey(session_, &mechanism, wanted.data(), wanted.size(), &key));
    const auto value = attribute(session_, key, CKA_VALUE);
    ASSERT_TRUE(value.has_value());
    EXPECT_EQ(size, value->size());
    EXPECT_TRUE(values.insert(*value).second) << "no key twice";
  }
}

}  // namespace
}  // namespace kilt::conformance
