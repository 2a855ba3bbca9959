// Keys that are brought to the token: what they are for, their names, their public half
// (PKCS#11 v3.2, 4.9, 4.10, 6.1).
#include <algorithm>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "tests/conformance/maker.h"
#include "tests/conformance/referee.h"

namespace kilt::conformance {
namespace {

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
  /// As Java's keystore writes it: not a word about what the key is for. `whole`: with the private
  /// exponent, without which there is no key (6.1.3).
  [[nodiscard]] Template wanted(bool whole = true) const {
    Template attributes;
    if (whole) attributes.bytes(CKA_PRIVATE_EXPONENT, part(OSSL_PKEY_PARAM_RSA_D));
    attributes.number(CKA_CLASS, CKO_PRIVATE_KEY)
        .number(CKA_KEY_TYPE, CKK_RSA)
        .flag(CKA_TOKEN, true)
        .text(CKA_LABEL, "imported")
        .bytes(CKA_ID, {0x1A, 0x90})
        .bytes(CKA_SUBJECT, name("born"))
        .bytes(CKA_MODULUS, part(OSSL_PKEY_PARAM_RSA_N))
        .bytes(CKA_PUBLIC_EXPONENT, part(OSSL_PKEY_PARAM_RSA_E))
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

TEST_F(ImportedKeys, RefusedOneLeavesNothing) {
  destroy();
  const std::size_t before = find(session_, {}).size();
  CK_OBJECT_HANDLE object = 0;
  EXPECT_EQ(CKR_TEMPLATE_INCOMPLETE, create(wanted(false), object)) << "(4.1.1, 4)";
  EXPECT_EQ(before, find(session_, {}).size());
  EXPECT_EQ(CKR_OK, create(wanted(), object)) << "and nothing is in the way";
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
