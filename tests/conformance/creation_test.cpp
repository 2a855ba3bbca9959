// What a template means for a new token object: names, who sees it, what it is for, limits
// (PKCS#11 v3.2, 4.1.1 and 4.6 to 4.10).
#include <algorithm>

#include "tests/conformance/maker.h"
#include "tests/conformance/referee.h"

namespace kilt::conformance {
namespace {

/// The token's RSA key, a certificate for it, and a token that takes it; else the test is skipped.
class NewCertificates : public Maker {
 protected:
  void SetUp() override {
    Maker::SetUp();
    const auto pair = key_pair(session_, CKK_RSA);
    if (!pair) GTEST_SKIP() << "the token has no RSA key and makes none";
    pair_ = *pair;
    const auto key = openssl_key(session_, pair_.public_key);
    ASSERT_NE(nullptr, key);
    certificate_ = certificate_for(key.get());
    CK_OBJECT_HANDLE object = 0;
    Template usual = wanted(certificate_.der);
    usual.bytes(CKA_ID, attribute(session_, pair_.private_key, CKA_ID).value_or(Bytes{}));
    if (create(usual, object) != CKR_OK) GTEST_SKIP() << "the token takes no certificates";
    ASSERT_EQ(CKR_OK, p11().C_DestroyObject(session_, object));
    made_.clear();
  }
  [[nodiscard]] Template wanted(const Bytes& der) const {
    Template attributes;
    attributes.number(CKA_CLASS, CKO_CERTIFICATE)
        .number(CKA_CERTIFICATE_TYPE, CKC_X_509)
        .flag(CKA_TOKEN, true)
        .text(CKA_LABEL, "created")
        .bytes(CKA_SUBJECT, certificate_.subject)
        .bytes(CKA_ISSUER, certificate_.issuer)
        .bytes(CKA_SERIAL_NUMBER, certificate_.serial)
        .bytes(CKA_VALUE, der);
    return attributes;
  }
  Pair pair_;
  MadeCertificate certificate_;
};

TEST_F(NewCertificates, PrivateIsHiddenOrRefused) {
  CK_OBJECT_HANDLE object = 0;
  Template hidden = wanted(certificate_.der);
  hidden.flag(CKA_PRIVATE, true);
  const CK_RV rv = create(hidden, object);
  if (rv != CKR_OK) {
    EXPECT_TRUE(is_one_of(rv, kRefused));
    return;
  }
  EXPECT_EQ(true, flag(session_, object, CKA_PRIVATE));
  EXPECT_EQ(certificate_.der, attribute(session_, object, CKA_VALUE));
  Template label;
  label.number(CKA_CLASS, CKO_CERTIFICATE).text(CKA_LABEL, "created");
  ASSERT_EQ(CKR_OK, p11().C_Logout(session_));
  EXPECT_TRUE(find(session_, label).empty()) << "seen by everybody";
  ASSERT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
  made_ = find(session_, label);
  ASSERT_EQ(1U, made_.size());
  EXPECT_EQ(certificate_.der, attribute(session_, made_[0], CKA_VALUE));
}

TEST_F(NewCertificates, WithoutIdGetTheirKeys) {
  CK_OBJECT_HANDLE object = 0;
  ASSERT_EQ(CKR_OK, create(wanted(certificate_.der), object));
  EXPECT_EQ(attribute(session_, pair_.private_key, CKA_ID), attribute(session_, object, CKA_ID));
}

TEST_F(NewCertificates, BytesBehindThemAreRefused) {
  Bytes longer = certificate_.der;
  longer.insert(longer.end(), {0x30, 0x00});
  CK_OBJECT_HANDLE object = 0;
  EXPECT_TRUE(is_one_of(create(wanted(longer), object), kRefused)) << "one DER value (4.6.3)";
}

TEST_F(NewCertificates, UserTrustsNone) {
  CK_OBJECT_HANDLE object = 0;
  Template trusted = wanted(certificate_.der);
  trusted.flag(CKA_TRUSTED, true);
  EXPECT_TRUE(is_one_of(create(trusted, object), kRefused)) << "the SO alone may (4.6.2)";
}

TEST_F(NewCertificates, IndestructibleIsNotDestroyedOrRefused) {
  CK_OBJECT_HANDLE object = 0;
  Template lasting = wanted(certificate_.der);
  lasting.flag(CKA_DESTROYABLE, false);
  const CK_RV rv = create(lasting, object);
  kept_or_refused(rv, object, CKA_DESTROYABLE, {CK_FALSE});
  if (rv == CKR_OK) {
    EXPECT_EQ(CKR_ACTION_PROHIBITED, p11().C_DestroyObject(session_, object)) << "(4.4.1)";
  }
}

TEST_F(NewCertificates, LimitsAreKeptOrRefused) {
  for (const CK_ATTRIBUTE_TYPE type : {CKA_MODIFIABLE, CKA_COPYABLE}) {
    CK_OBJECT_HANDLE object = 0;
    Template limited = wanted(certificate_.der);
    limited.flag(type, false);
    const CK_RV rv = create(limited, object);
    kept_or_refused(rv, object, type, {CK_FALSE});
    if (rv == CKR_OK) p11().C_DestroyObject(session_, object);
  }
}

class NewKeys : public Maker {
 protected:
  void SetUp() override {
    Maker::SetUp();
    if (!can(CKM_RSA_PKCS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR))
      GTEST_SKIP() << "the token makes no RSA keys";
  }
  void TearDown() override {
    for (const CK_OBJECT_HANDLE key : public_) p11().C_DestroyObject(session_, key);
    Maker::TearDown();
  }
  /// `private_half` and what every key of a token has.
  CK_RV generate(Template private_half, Pair& pair) {
    private_half.flag(CKA_TOKEN, true).flag(CKA_SENSITIVE, true);
    Template public_half;
    public_half.flag(CKA_TOKEN, true);
    return generate(session_, public_half, private_half, pair);
  }
  CK_RV generate(CK_SESSION_HANDLE session, Template public_half, Template private_half,
                 Pair& pair) {
    public_half.number(CKA_MODULUS_BITS, 1024).bytes(CKA_PUBLIC_EXPONENT, {1, 0, 1});
    private_half.flag(CKA_PRIVATE, true).flag(CKA_SIGN, true);
    CK_MECHANISM mechanism{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
    const CK_RV rv = p11().C_GenerateKeyPair(
        session, &mechanism, public_half.data(), public_half.size(), private_half.data(),
        private_half.size(), &pair.public_key, &pair.private_key);
    if (rv != CKR_OK) return rv;
    made_.push_back(pair.private_key);
    public_.push_back(pair.public_key);
    return rv;
  }
  CK_RV sign_init(CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE key) {
    CK_MECHANISM mechanism{type, nullptr, 0};
    return p11().C_SignInit(session_, &mechanism, key);
  }
  std::vector<CK_OBJECT_HANDLE> public_;
};

TEST_F(NewKeys, AllowedMechanismsAreKeptOrRefused) {
  const CK_MECHANISM_TYPE allowed = CKM_SHA256_RSA_PKCS_PSS;
  Bytes list(sizeof allowed);
  std::copy_n(reinterpret_cast<const CK_BYTE*>(&allowed), list.size(), list.begin());  // NOLINT
  Template limited;
  limited.bytes(CKA_ALLOWED_MECHANISMS, list);
  Pair pair;
  const CK_RV rv = generate(limited, pair);
  kept_or_refused(rv, pair.private_key, CKA_ALLOWED_MECHANISMS, list);
  if (rv == CKR_OK) {
    EXPECT_EQ(CKR_MECHANISM_INVALID, sign_init(CKM_SHA256_RSA_PKCS, pair.private_key));
  }
}

TEST_F(NewKeys, LimitsAreKeptOrRefused) {
  const std::pair<CK_ATTRIBUTE_TYPE, Bytes> limits[]{
      {CKA_MODIFIABLE, {CK_FALSE}},
      {CKA_COPYABLE, {CK_FALSE}},
      {CKA_WRAP_WITH_TRUSTED, {CK_TRUE}},
      {CKA_ALWAYS_AUTHENTICATE, {CK_TRUE}},
      {CKA_START_DATE, {'2', '0', '3', '0', '0', '1', '0', '1'}}};
  for (const auto& [type, value] : limits) {
    Template limited;
    limited.bytes(type, value);
    Pair pair;
    const CK_RV rv = generate(limited, pair);  // not inside the call: it gives the handle
    kept_or_refused(rv, pair.private_key, type, value);
  }
}

TEST_F(NewKeys, UnmodifiableIsNotModified) {
  Template limited;
  limited.flag(CKA_MODIFIABLE, false);
  Pair pair;
  if (generate(limited, pair) != CKR_OK) GTEST_SKIP() << "the token makes no such keys";
  Template change;
  change.text(CKA_LABEL, "another");
  EXPECT_EQ(CKR_ACTION_PROHIBITED,
            p11().C_SetAttributeValue(session_, pair.private_key, change.data(), change.size()))
      << "(4.4.1)";
}

// Read as false, the key would still not leave: CKA_EXTRACTABLE is false, too (4.10).
TEST_F(NewKeys, OpennessIsKeptOrRefused) {
  Template public_half, open_half;
  public_half.flag(CKA_TOKEN, true);
  open_half.flag(CKA_TOKEN, true).flag(CKA_SENSITIVE, false).flag(CKA_EXTRACTABLE, false);
  Pair pair;
  const CK_RV rv = generate(session_, public_half, open_half, pair);
  kept_or_refused(rv, pair.private_key, CKA_SENSITIVE, {CK_FALSE});
  if (rv != CKR_OK) return;
  EXPECT_EQ(false, flag(session_, pair.private_key, CKA_EXTRACTABLE));
  CK_ATTRIBUTE secret{CKA_PRIVATE_EXPONENT, nullptr, 0};
  EXPECT_EQ(CKR_ATTRIBUTE_SENSITIVE,
            p11().C_GetAttributeValue(session_, pair.private_key, &secret, 1));
}

// Which of both a key is whose template does not say it is the token's business (README.md).
TEST_F(NewKeys, LastAsTheySay) {
  const CK_SESSION_HANDLE other = open();
  Template private_half;
  private_half.text(CKA_LABEL, "lasting or not");
  Pair pair;
  if (generate(other, {}, private_half, pair) != CKR_OK)
    GTEST_SKIP() << "the token makes no such keys";
  const auto lasts = flag(other, pair.private_key, CKA_TOKEN);
  ASSERT_TRUE(lasts.has_value());
  EXPECT_EQ(lasts, flag(other, pair.public_key, CKA_TOKEN));
  ASSERT_EQ(CKR_OK, p11().C_CloseSession(other));
  Template label;
  label.number(CKA_CLASS, CKO_PRIVATE_KEY).text(CKA_LABEL, "lasting or not");
  EXPECT_EQ(*lasts ? 1U : 0U, find(session_, label).size()) << "(4.4 CKA_TOKEN)";
}

TEST_F(NewKeys, PublicHalfIsAcceptedAgain) {
  Template named;
  named.text(CKA_LABEL, "made").bytes(CKA_ID, {0x1A, 0x91});
  Pair pair;
  if (generate(named, pair) != CKR_OK) GTEST_SKIP() << "the token makes no such keys";
  const auto modulus = attribute(session_, pair.public_key, CKA_MODULUS);
  ASSERT_TRUE(modulus.has_value());
  Template half;
  half.number(CKA_CLASS, CKO_PUBLIC_KEY)
      .number(CKA_KEY_TYPE, CKK_RSA)
      .flag(CKA_TOKEN, true)
      .bytes(CKA_ID, {0x1A, 0x91})
      .bytes(CKA_MODULUS, *modulus)
      .bytes(CKA_PUBLIC_EXPONENT, {1, 0, 1});
  CK_OBJECT_HANDLE object = 0;
  ASSERT_EQ(CKR_OK, p11().C_CreateObject(session_, half.data(), half.size(), &object));
  EXPECT_EQ(true, flag(session_, object, CKA_TOKEN));
  EXPECT_EQ(modulus, attribute(session_, object, CKA_MODULUS));
  EXPECT_EQ(CKR_OK, sign_init(CKM_SHA256_RSA_PKCS, pair.private_key)) << "as before";
  if (object != pair.public_key) public_.push_back(object);
}

TEST_F(NewKeys, UnknownAttributeIsRefused) {
  Template odd;
  odd.bytes(0x7FF, {1});
  Pair pair;
  EXPECT_TRUE(is_one_of(generate(odd, pair), kRefused));
}

}  // namespace
}  // namespace kilt::conformance
