// Every signing mechanism that the module advertises: sign, verify, OpenSSL; one part and many.
#include "tests/conformance/fixtures.h"
#include "tests/conformance/referee.h"

namespace kilt::conformance {
namespace {

class Signatures : public LoggedIn, public ::testing::WithParamInterface<Signing> {
 protected:
  void SetUp() override {
    LoggedIn::SetUp();
    const Signing& how = GetParam();
    if (!can(how.type, CKF_SIGN)) GTEST_SKIP() << "not advertised";
    const auto pair = key_pair(session_, how.key);
    if (!pair) GTEST_SKIP() << "no key of this type";
    pair_ = *pair;
    key_ = openssl_key(session_, pair_.public_key);
    ASSERT_NE(nullptr, key_);
    modulus_ = static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
    if (how.type == CKM_SHA512_RSA_PKCS_PSS && modulus_ <= 130)
      GTEST_SKIP() << "the key is too short for SHA-512 with its salt (RFC 8017, 9.1.1)";
    if (flag(session_, pair_.private_key, CKA_ALWAYS_AUTHENTICATE).value_or(false)) always_ = true;
    input_ = input_for(how, message_, modulus_);
  }
  CK_RV begin(CK_SESSION_HANDLE session) {
    Parameters parameters(GetParam());
    const CK_RV rv = p11().C_SignInit(session, &parameters.mechanism, pair_.private_key);
    if (rv == CKR_OK && always_) return login(session, CKU_CONTEXT_SPECIFIC, options().pin);
    return rv;
  }
  Bytes sign(CK_SESSION_HANDLE session) {
    EXPECT_EQ(CKR_OK, begin(session));
    Bytes signature(1024);
    CK_ULONG size = signature.size();
    EXPECT_EQ(CKR_OK, p11().C_Sign(session, input_.data(), input_.size(), signature.data(), &size));
    signature.resize(std::min<std::size_t>(size, signature.size()));
    return signature;
  }
  CK_RV verify(Bytes input, Bytes signature) {
    Parameters parameters(GetParam());
    const CK_RV rv = p11().C_VerifyInit(session_, &parameters.mechanism, pair_.public_key);
    if (rv != CKR_OK) return rv;
    return p11().C_Verify(session_, input.data(), input.size(), signature.data(), signature.size());
  }
  Pair pair_;
  EvpPkey key_{nullptr, EVP_PKEY_free};
  std::size_t modulus_ = 0;
  bool always_ = false;
  Bytes message_ = Bytes(150, 'm'), input_;
};

TEST_P(Signatures, OpenSslVerifies) {
  EXPECT_TRUE(openssl_verifies(GetParam(), key_.get(), message_, sign(session_)));
}

TEST_P(Signatures, ReadOnlySessionSigns) {
  EXPECT_TRUE(openssl_verifies(GetParam(), key_.get(), message_, sign(open(0))));
}

TEST_P(Signatures, PartsAreTheWhole) {
  if (GetParam().hash == nullptr) GTEST_SKIP() << "a single-part mechanism";
  ASSERT_EQ(CKR_OK, begin(session_));
  for (std::size_t at = 0; at < message_.size(); at += 50)
    ASSERT_EQ(CKR_OK, p11().C_SignUpdate(session_, message_.data() + at, 50));
  Bytes signature(1024);
  CK_ULONG size = 0;
  ASSERT_EQ(CKR_OK, p11().C_SignFinal(session_, nullptr, &size));
  EXPECT_LE(size, signature.size());
  CK_ULONG small = size - 1;
  EXPECT_EQ(CKR_BUFFER_TOO_SMALL, p11().C_SignFinal(session_, signature.data(), &small));
  ASSERT_EQ(CKR_OK, p11().C_SignFinal(session_, signature.data(), &size));
  signature.resize(size);
  EXPECT_TRUE(openssl_verifies(GetParam(), key_.get(), message_, signature));
}

TEST_P(Signatures, ModuleVerifies) {
  if (!can(GetParam().type, CKF_VERIFY)) GTEST_SKIP() << "verification is not advertised";
  const Bytes signature = sign(session_);
  EXPECT_EQ(CKR_OK, verify(input_, signature));
  Bytes other = signature;
  other.at(other.size() - 1) ^= 1U;
  EXPECT_EQ(CKR_SIGNATURE_INVALID, verify(input_, other));
  Bytes changed = input_;
  changed.at(changed.size() - 1) ^= 1U;
  EXPECT_EQ(CKR_SIGNATURE_INVALID, verify(changed, signature));
}

TEST_P(Signatures, ShortSignatureIsALengthError) {
  if (!can(GetParam().type, CKF_VERIFY)) GTEST_SKIP() << "verification is not advertised";
  Bytes signature = sign(session_);
  signature.pop_back();
  EXPECT_TRUE(is_one_of(verify(input_, signature), {CKR_SIGNATURE_LEN_RANGE}));
}

TEST_P(Signatures, KeyOfAnotherKindIsRefused) {
  Parameters parameters(GetParam());
  EXPECT_TRUE(is_one_of(
      p11().C_SignInit(session_, &parameters.mechanism, pair_.public_key),
      {CKR_KEY_HANDLE_INVALID, CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED}));
  EXPECT_EQ(CKR_KEY_HANDLE_INVALID, p11().C_SignInit(session_, &parameters.mechanism, ~0UL));
}

TEST_P(Signatures, NotWithoutLogin) {
  ASSERT_EQ(CKR_OK, p11().C_Logout(session_));
  Parameters parameters(GetParam());
  EXPECT_TRUE(
      is_one_of(p11().C_SignInit(session_, &parameters.mechanism, pair_.private_key),
                {CKR_KEY_HANDLE_INVALID, CKR_USER_NOT_LOGGED_IN, CKR_OBJECT_HANDLE_INVALID}));
}

INSTANTIATE_TEST_SUITE_P(Each, Signatures, ::testing::ValuesIn(signings()),
                         [](const auto& one) { return std::string(one.param.name); });

struct DigestCase {
  const char* name;
  CK_MECHANISM_TYPE type;
};

class Digests : public WithSession, public ::testing::WithParamInterface<DigestCase> {
 protected:
  void SetUp() override {
    WithSession::SetUp();
    if (!can(GetParam().type, CKF_DIGEST)) GTEST_SKIP() << "not advertised";
    expected_ = openssl_digest(GetParam().name, data_);
    mechanism_ = {GetParam().type, nullptr, 0};
    ASSERT_EQ(CKR_OK, p11().C_DigestInit(session_, &mechanism_));
  }
  CK_MECHANISM mechanism_{};
  Bytes data_ = Bytes(1000, 'd'), expected_, value_ = Bytes(64);
  CK_ULONG size_ = 64;
};

TEST_P(Digests, AreOpenSsls) {
  ASSERT_EQ(CKR_OK, p11().C_Digest(session_, data_.data(), data_.size(), value_.data(), &size_));
  value_.resize(size_);
  EXPECT_EQ(expected_, value_);
}

TEST_P(Digests, PartsAreTheWhole) {
  for (std::size_t at = 0; at < data_.size(); at += 250)
    ASSERT_EQ(CKR_OK, p11().C_DigestUpdate(session_, data_.data() + at, 250));
  ASSERT_EQ(CKR_OK, p11().C_DigestFinal(session_, value_.data(), &size_));
  value_.resize(size_);
  EXPECT_EQ(expected_, value_);
}

TEST_P(Digests, ShortBufferLeavesTheOperation) {
  CK_ULONG small = expected_.size() - 1;
  EXPECT_EQ(CKR_BUFFER_TOO_SMALL,
            p11().C_Digest(session_, data_.data(), data_.size(), value_.data(), &small));
  EXPECT_EQ(expected_.size(), small);
  EXPECT_EQ(CKR_OK, p11().C_Digest(session_, data_.data(), data_.size(), value_.data(), &small));
}

INSTANTIATE_TEST_SUITE_P(Each, Digests,
                         ::testing::Values(DigestCase{"SHA1", CKM_SHA_1},
                                           DigestCase{"SHA224", CKM_SHA224},
                                           DigestCase{"SHA256", CKM_SHA256},
                                           DigestCase{"SHA384", CKM_SHA384},
                                           DigestCase{"SHA512", CKM_SHA512}),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace kilt::conformance
