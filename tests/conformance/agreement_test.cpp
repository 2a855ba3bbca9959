// Key agreement: what a private key of the token and another's public one share (PKCS#11
// v3.2, 5.18.5 and 6.3.19).
#include <openssl/core_names.h>

#include "tests/conformance/fixtures.h"
#include "tests/conformance/referee.h"

namespace kilt::conformance {
namespace {

constexpr std::size_t kField = 32;  // bytes, P-256

/// A P-256 pair of the token that may derive, and OpenSSL's on the other side.
class Agreement : public LoggedIn {
 protected:
  void SetUp() override {
    LoggedIn::SetUp();
    if (!can(CKM_ECDH1_DERIVE, CKF_DERIVE)) GTEST_SKIP() << "not advertised";
    if (!make() && !find_one()) GTEST_SKIP() << "the token has no P-256 key that derives";
  }
  void TearDown() override {
    if (made_)
      for (const CK_OBJECT_HANDLE half : {pair_.private_key, pair_.public_key})
        p11().C_DestroyObject(session_, half);
    LoggedIn::TearDown();
  }
  CK_RV derive(const Bytes& point, Template wanted) {
    Bytes bytes = point;
    CK_ECDH1_DERIVE_PARAMS parameters{CKD_NULL, 0, nullptr, bytes.size(), bytes.data()};
    CK_MECHANISM mechanism{CKM_ECDH1_DERIVE, &parameters, sizeof parameters};
    wanted.number(CKA_CLASS, CKO_SECRET_KEY)
        .number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
        .number(CKA_VALUE_LEN, kField)
        .flag(CKA_TOKEN, false);
    return p11().C_DeriveKey(session_, &mechanism, pair_.private_key, wanted.data(), wanted.size(),
                             &secret_);
  }
  static Template readable() {
    Template wanted;
    wanted.flag(CKA_SENSITIVE, false).flag(CKA_EXTRACTABLE, true);
    return wanted;
  }
  [[nodiscard]] Bytes their_point() const {
    Bytes point(1 + 2 * kField);
    std::size_t size = 0;
    EVP_PKEY_get_octet_string_param(theirs_.get(), OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point.data(),
                                    point.size(), &size);
    point.resize(size);
    return point;
  }
  Bytes openssl_secret() {
    const EvpPkey ours = openssl_key(session_, pair_.public_key);
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
        EVP_PKEY_CTX_new(theirs_.get(), nullptr), EVP_PKEY_CTX_free);
    Bytes secret(kField);
    std::size_t size = secret.size();
    EXPECT_EQ(1, EVP_PKEY_derive_init(context.get()));
    EXPECT_EQ(1, EVP_PKEY_derive_set_peer(context.get(), ours.get()));
    EXPECT_EQ(1, EVP_PKEY_derive(context.get(), secret.data(), &size));
    return secret;
  }

  const EvpPkey theirs_{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free};
  Pair pair_;
  CK_OBJECT_HANDLE secret_ = 0;

 private:
  bool make() {
    if (!can(CKM_EC_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR)) return false;
    CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
    Template public_half, private_half;
    public_half.bytes(CKA_EC_PARAMS, p256()).flag(CKA_TOKEN, true).bytes(CKA_ID, {0xEC, 0xD8});
    private_half.flag(CKA_TOKEN, true)
        .flag(CKA_PRIVATE, true)
        .flag(CKA_SENSITIVE, true)
        .flag(CKA_DERIVE, true)
        .bytes(CKA_ID, {0xEC, 0xD8});
    made_ = p11().C_GenerateKeyPair(session_, &mechanism, public_half.data(), public_half.size(),
                                    private_half.data(), private_half.size(), &pair_.public_key,
                                    &pair_.private_key) == CKR_OK;
    return made_;
  }
  bool find_one() {
    Template keys;
    keys.number(CKA_CLASS, CKO_PRIVATE_KEY)
        .number(CKA_KEY_TYPE, CKK_EC)
        .flag(CKA_DERIVE, true)
        .bytes(CKA_EC_PARAMS, p256());
    for (const CK_OBJECT_HANDLE key : find(session_, keys)) {
      Template other;
      other.number(CKA_CLASS, CKO_PUBLIC_KEY)
          .bytes(CKA_ID, attribute(session_, key, CKA_ID).value_or(Bytes{}));
      const auto halves = find(session_, other);
      if (halves.empty()) continue;
      pair_ = {halves.front(), key};
      return true;
    }
    return false;
  }
  bool made_ = false;
};

TEST_F(Agreement, SecretIsOpenSsls) {
  ASSERT_EQ(CKR_OK, derive(their_point(), readable()));
  EXPECT_EQ(openssl_secret(), attribute(session_, secret_, CKA_VALUE));
  EXPECT_EQ(kField, number(session_, secret_, CKA_VALUE_LEN));
  EXPECT_EQ(false, flag(session_, secret_, CKA_TOKEN));
}

/// As Java's KeyAgreement asks for it: the secret is in the program's memory anyway.
TEST_F(Agreement, SecretOfWhichNothingIsSaidCanBeRead) {
  ASSERT_EQ(CKR_OK, derive(their_point(), {}));
  EXPECT_EQ(openssl_secret(), attribute(session_, secret_, CKA_VALUE));
}

TEST_F(Agreement, SensitiveSecretIsNotShown) {
  Template wanted;
  wanted.flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, false);
  ASSERT_EQ(CKR_OK, derive(their_point(), wanted));
  CK_ATTRIBUTE value{CKA_VALUE, nullptr, 0};
  EXPECT_EQ(CKR_ATTRIBUTE_SENSITIVE, p11().C_GetAttributeValue(session_, secret_, &value, 1));
}

TEST_F(Agreement, PointOffTheCurveIsRefused) {
  Bytes point = their_point();
  point.back() ^= 1U;
  EXPECT_NE(CKR_OK, derive(point, readable())) << "it would tell the key bit by bit";
}

}  // namespace
}  // namespace kilt::conformance
