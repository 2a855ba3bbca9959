// Keys under other keys: what RSA wrapped becomes a session's secret key, and leaves as one
// (PKCS#11 v3.2, 5.18.3 and 5.18.4).
#include <openssl/rsa.h>

#include "tests/conformance/fixtures.h"
#include "tests/conformance/referee.h"

namespace kilt::conformance {
namespace {

struct WrapCase {
  const char* name;
  CK_MECHANISM_TYPE type;
  int padding;
};

class Wrap : public WithRsa, public ::testing::WithParamInterface<WrapCase> {
 protected:
  void SetUp() override {
    WithRsa::SetUp();
    if (IsSkipped()) return;
    if (!can(GetParam().type, CKF_UNWRAP)) GTEST_SKIP() << "not advertised";
    if (!flag(session_, pair_.private_key, CKA_UNWRAP).value_or(false) ||
        flag(session_, pair_.private_key, CKA_ALWAYS_AUTHENTICATE).value_or(false))
      GTEST_SKIP() << "the key does not unwrap";
    key_ = openssl_key(session_, pair_.public_key);
    ASSERT_NE(nullptr, key_);
    mechanism_ = {GetParam().type, nullptr, 0};
    if (GetParam().padding == RSA_PKCS1_OAEP_PADDING)
      mechanism_ = {GetParam().type, &oaep_, sizeof oaep_};
  }
  Template secret(CK_KEY_TYPE type) {
    Template wanted;
    wanted.number(CKA_CLASS, CKO_SECRET_KEY)
        .number(CKA_KEY_TYPE, type)
        .flag(CKA_TOKEN, false)
        .flag(CKA_SENSITIVE, sensitive_)
        .flag(CKA_EXTRACTABLE, extractable_);
    return wanted;
  }
  CK_RV unwrap(Bytes wrapped, Template wanted) {
    return p11().C_UnwrapKey(session_, &mechanism_, pair_.private_key, wrapped.data(),
                             wrapped.size(), wanted.data(), wanted.size(), &unwrapped_);
  }
  EvpPkey key_{nullptr, EVP_PKEY_free};
  CK_RSA_PKCS_OAEP_PARAMS oaep_{CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, nullptr, 0};
  CK_MECHANISM mechanism_{};
  Bytes value_ = Bytes(32, 0x5A);
  bool sensitive_ = false, extractable_ = true;
  CK_OBJECT_HANDLE unwrapped_ = 0;
};

TEST_P(Wrap, UnwrapsWhatOpenSslEncrypted) {
  const Bytes wrapped = openssl_encrypt(key_.get(), GetParam().padding, value_);
  for (const CK_KEY_TYPE type : {CKK_AES, CKK_GENERIC_SECRET}) {
    ASSERT_EQ(CKR_OK, unwrap(wrapped, secret(type)));
    EXPECT_EQ(value_, attribute(session_, unwrapped_, CKA_VALUE));
    EXPECT_EQ(32UL, number(session_, unwrapped_, CKA_VALUE_LEN));
    EXPECT_EQ(false, flag(session_, unwrapped_, CKA_LOCAL));
    EXPECT_EQ(CKR_OK, p11().C_DestroyObject(session_, unwrapped_));
  }
}

TEST_P(Wrap, SensitiveIsNotShown) {
  sensitive_ = true;
  extractable_ = false;
  ASSERT_EQ(CKR_OK,
            unwrap(openssl_encrypt(key_.get(), GetParam().padding, value_), secret(CKK_AES)));
  EXPECT_FALSE(attribute(session_, unwrapped_, CKA_VALUE).has_value());
  EXPECT_EQ(false, flag(session_, unwrapped_, CKA_NEVER_EXTRACTABLE)) << "it came from outside";
}

TEST_P(Wrap, NoKeyOfThisLengthIsRefused) {
  EXPECT_NE(CKR_OK,
            unwrap(openssl_encrypt(key_.get(), GetParam().padding, Bytes(33, 1)), secret(CKK_AES)));
}

TEST_P(Wrap, WrongLengthIsRefused) {
  EXPECT_TRUE(is_one_of(unwrap(Bytes(33, 1), secret(CKK_AES)),
                        {CKR_WRAPPED_KEY_LEN_RANGE, CKR_WRAPPED_KEY_INVALID}));
}

TEST_P(Wrap, WrapsWhatItUnwraps) {
  if (!can(GetParam().type, CKF_WRAP)) GTEST_SKIP() << "wrapping is not advertised";
  if (!flag(session_, pair_.public_key, CKA_WRAP).value_or(false))
    GTEST_SKIP() << "the key does not wrap";
  ASSERT_EQ(CKR_OK,
            unwrap(openssl_encrypt(key_.get(), GetParam().padding, value_), secret(CKK_AES)));
  Bytes wrapped(1024);
  CK_ULONG size = wrapped.size();
  ASSERT_EQ(CKR_OK, p11().C_WrapKey(session_, &mechanism_, pair_.public_key, unwrapped_,
                                    wrapped.data(), &size));
  wrapped.resize(size);
  ASSERT_EQ(CKR_OK, unwrap(wrapped, secret(CKK_AES)));
  EXPECT_EQ(value_, attribute(session_, unwrapped_, CKA_VALUE));
}

TEST_P(Wrap, UnextractableStays) {
  if (!can(GetParam().type, CKF_WRAP)) GTEST_SKIP() << "wrapping is not advertised";
  extractable_ = false;
  ASSERT_EQ(CKR_OK,
            unwrap(openssl_encrypt(key_.get(), GetParam().padding, value_), secret(CKK_AES)));
  Bytes wrapped(1024);
  CK_ULONG size = wrapped.size();
  for (const CK_OBJECT_HANDLE kept : {unwrapped_, pair_.private_key})
    EXPECT_TRUE(is_one_of(
        p11().C_WrapKey(session_, &mechanism_, pair_.public_key, kept, wrapped.data(), &size),
        {CKR_KEY_UNEXTRACTABLE, CKR_KEY_NOT_WRAPPABLE, CKR_KEY_HANDLE_INVALID,
         CKR_WRAPPING_KEY_HANDLE_INVALID, CKR_KEY_FUNCTION_NOT_PERMITTED}));
}

INSTANTIATE_TEST_SUITE_P(Each, Wrap,
                         ::testing::Values(WrapCase{"RSA_PKCS", CKM_RSA_PKCS, RSA_PKCS1_PADDING},
                                           WrapCase{"RSA_PKCS_OAEP", CKM_RSA_PKCS_OAEP,
                                                    RSA_PKCS1_OAEP_PADDING}),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace kilt::conformance
