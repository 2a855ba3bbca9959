// What a template means for a new token object: names, who sees it, what it is for, limits
// (PKCS#11 v3.2, 4.1.1 and 4.6 to 4.10).
#include <algorithm>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "tests/conformance/fixtures.h"
#include "tests/conformance/referee.h"

namespace kilt::conformance {
namespace {

/// Applications shall not tell these apart (5.1.8, 5); a token may say that it cannot.
const std::initializer_list<CK_RV> kRefused{CKR_ATTRIBUTE_VALUE_INVALID, CKR_TEMPLATE_INCONSISTENT,
                                            CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_READ_ONLY,
                                            CKR_FUNCTION_NOT_SUPPORTED};

/// Objects that a test makes are destroyed after it.
class Maker : public LoggedIn {
 protected:
  void TearDown() override {
    for (const CK_OBJECT_HANDLE object : made_) p11().C_DestroyObject(session_, object);
    LoggedIn::TearDown();
  }
  CK_RV create(Template wanted, CK_OBJECT_HANDLE& object) {
    const CK_RV rv = p11().C_CreateObject(session_, wanted.data(), wanted.size(), &object);
    if (rv == CKR_OK) made_.push_back(object);
    return rv;
  }
  /// The attribute reads as it was asked for, or the object was refused.
  void kept_or_refused(CK_RV rv, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                       const Bytes& value) {
    if (rv == CKR_OK)
      EXPECT_EQ(value, attribute(session_, object, type)) << std::hex << type << " was dropped";
    else
      EXPECT_TRUE(is_one_of(rv, kRefused)) << std::hex << type;
  }
  std::vector<CK_OBJECT_HANDLE> made_;
};

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
  CK_RV generate(Template private_half, Pair& pair) {
    Template public_half;
    public_half.number(CKA_MODULUS_BITS, 1024)
        .bytes(CKA_PUBLIC_EXPONENT, {1, 0, 1})
        .flag(CKA_TOKEN, true);
    private_half.flag(CKA_TOKEN, true)
        .flag(CKA_PRIVATE, true)
        .flag(CKA_SENSITIVE, true)
        .flag(CKA_SIGN, true);
    CK_MECHANISM mechanism{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
    const CK_RV rv = p11().C_GenerateKeyPair(
        session_, &mechanism, public_half.data(), public_half.size(), private_half.data(),
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

TEST_F(NewKeys, UnknownAttributeIsRefused) {
  Template odd;
  odd.bytes(0x7FF, {1});
  Pair pair;
  EXPECT_TRUE(is_one_of(generate(odd, pair), kRefused));
}

/// A number of an RSA key as PKCS#11 wants it: no zeros before it (2.1 Big integer).
Bytes number_of(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key, name, &number);
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, bytes.data());
  BN_clear_free(number);
  return bytes;
}

/// A key of 1024 bits. One in about seventy has an exponent or a coefficient that is shorter than
/// its primes: such a one, or one that is not.
EvpPkey rsa_key(bool with_short_numbers) {
  for (int tries = 0; tries < 5000; ++tries) {
    EvpPkey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024}), EVP_PKEY_free);
    const std::initializer_list<const char*> names{OSSL_PKEY_PARAM_RSA_EXPONENT1,
                                                   OSSL_PKEY_PARAM_RSA_EXPONENT2,
                                                   OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
    const bool is_short = std::any_of(names.begin(), names.end(), [&](const char* name) {
      return number_of(key.get(), name).size() < 64;
    });
    if (is_short == with_short_numbers) return key;
  }
  throw std::runtime_error("OpenSSL makes no such key");
}

class ImportedKeys : public Maker {
 protected:
  void SetUp() override {
    Maker::SetUp();
    CK_OBJECT_HANDLE object = 0;
    const CK_RV rv = create(wanted(), object);
    if (rv == CKR_TEMPLATE_INCONSISTENT || rv == CKR_FUNCTION_NOT_SUPPORTED ||
        rv == CKR_TOKEN_WRITE_PROTECTED)
      GTEST_SKIP() << "the token takes no RSA keys";
    ASSERT_EQ(CKR_OK, rv);
    object_ = object;
  }
  void TearDown() override {
    destroy();
    Maker::TearDown();
  }
  void destroy() {
    Template halves;  // the public one came with it, and may stay without it
    halves.text(CKA_LABEL, "imported");
    for (const CK_OBJECT_HANDLE half : find(session_, halves))
      p11().C_DestroyObject(session_, half);
    made_.clear();
  }
  [[nodiscard]] Bytes part(const char* name) const { return number_of(key_.get(), name); }
  /// As Java's keystore writes it: not a word about what the key is for.
  [[nodiscard]] Template wanted() const {
    Template attributes;
    attributes.number(CKA_CLASS, CKO_PRIVATE_KEY)
        .number(CKA_KEY_TYPE, CKK_RSA)
        .flag(CKA_TOKEN, true)
        .text(CKA_LABEL, "imported")
        .bytes(CKA_ID, {0x1A, 0x90})
        .bytes(CKA_SUBJECT, name("born"))
        .bytes(CKA_MODULUS, part(OSSL_PKEY_PARAM_RSA_N))
        .bytes(CKA_PUBLIC_EXPONENT, part(OSSL_PKEY_PARAM_RSA_E))
        .bytes(CKA_PRIVATE_EXPONENT, part(OSSL_PKEY_PARAM_RSA_D))
        .bytes(CKA_PRIME_1, part(OSSL_PKEY_PARAM_RSA_FACTOR1))
        .bytes(CKA_PRIME_2, part(OSSL_PKEY_PARAM_RSA_FACTOR2))
        .bytes(CKA_EXPONENT_1, part(OSSL_PKEY_PARAM_RSA_EXPONENT1))
        .bytes(CKA_EXPONENT_2, part(OSSL_PKEY_PARAM_RSA_EXPONENT2))
        .bytes(CKA_COEFFICIENT, part(OSSL_PKEY_PARAM_RSA_COEFFICIENT1));
    return attributes;
  }
  /// DER of CN=`text`, of at most 100 characters.
  static Bytes name(const std::string& text) {
    const auto size = static_cast<CK_BYTE>(text.size());
    Bytes der{0x30, static_cast<CK_BYTE>(size + 11),
              0x31, static_cast<CK_BYTE>(size + 9),
              0x30, static_cast<CK_BYTE>(size + 7),
              0x06, 0x03,
              0x55, 0x04,
              0x03, 0x0C,
              size};
    der.insert(der.end(), text.begin(), text.end());
    return der;
  }
  /// The token signs with the object, and OpenSSL verifies it with key_.
  void signs(CK_OBJECT_HANDLE object) {
    Bytes message(20, 'm'), signature(128);
    CK_ULONG size = signature.size();
    CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
    ASSERT_EQ(CKR_OK, p11().C_SignInit(session_, &mechanism, object));
    ASSERT_EQ(CKR_OK,
              p11().C_Sign(session_, message.data(), message.size(), signature.data(), &size));
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          EVP_MD_CTX_free);
    EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
    EXPECT_EQ(
        1, EVP_DigestVerify(context.get(), signature.data(), size, message.data(), message.size()));
  }
  EvpPkey key_ = rsa_key(false);
  CK_OBJECT_HANDLE object_ = 0;
};

TEST_F(ImportedKeys, WithoutUsageDoWhatTheirTypeDoes) {
  EXPECT_EQ(true, flag(session_, object_, CKA_SIGN));
  EXPECT_EQ(true, flag(session_, object_, CKA_DECRYPT));
  signs(object_);
}

TEST_F(ImportedKeys, NumbersMayBeShort) {
  destroy();
  key_ = rsa_key(true);
  CK_OBJECT_HANDLE object = 0;
  ASSERT_EQ(CKR_OK, create(wanted(), object)) << "the value of a Big integer is of any length";
  signs(object);
}

TEST_F(ImportedKeys, KeepTheirNames) {
  EXPECT_EQ(name("born"), attribute(session_, object_, CKA_SUBJECT));
  EXPECT_EQ(Bytes({0x1A, 0x90}), attribute(session_, object_, CKA_ID));
  EXPECT_EQ(Bytes({'i', 'm', 'p', 'o', 'r', 't', 'e', 'd'}),
            attribute(session_, object_, CKA_LABEL));
}

TEST_F(ImportedKeys, SubjectChangesAndStays) {  // as NSS's pk12util does it
  Template change;
  change.bytes(CKA_SUBJECT, name("a new name, longer than the old one"));
  ASSERT_EQ(CKR_OK, p11().C_SetAttributeValue(session_, object_, change.data(), change.size()));
  ASSERT_EQ(CKR_OK, p11().C_Finalize(nullptr));
  ASSERT_EQ(CKR_OK, p11().C_Initialize(nullptr));
  test_slot();
  session_ = open();
  ASSERT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
  Template key;
  key.number(CKA_CLASS, CKO_PRIVATE_KEY).text(CKA_LABEL, "imported");
  made_ = find(session_, key);
  ASSERT_EQ(1U, made_.size());
  EXPECT_EQ(name("a new name, longer than the old one"),
            attribute(session_, made_[0], CKA_SUBJECT));
}

TEST_F(ImportedKeys, PublicHalfBesideThemIsAccepted) {
  Template half;
  half.number(CKA_CLASS, CKO_PUBLIC_KEY)
      .number(CKA_KEY_TYPE, CKK_RSA)
      .flag(CKA_TOKEN, true)
      .text(CKA_LABEL, "imported")
      .bytes(CKA_ID, {0x1A, 0x90})
      .bytes(CKA_MODULUS, part(OSSL_PKEY_PARAM_RSA_N))
      .bytes(CKA_PUBLIC_EXPONENT, part(OSSL_PKEY_PARAM_RSA_E));
  CK_OBJECT_HANDLE object = 0;
  ASSERT_EQ(CKR_OK, p11().C_CreateObject(session_, half.data(), half.size(), &object));
  EXPECT_EQ(true, flag(session_, object, CKA_TOKEN));
  EXPECT_EQ(part(OSSL_PKEY_PARAM_RSA_N), attribute(session_, object, CKA_MODULUS));
}

}  // namespace
}  // namespace kilt::conformance
