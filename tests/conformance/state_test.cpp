// The order of calls: Init twice, Final without Init, parts after the whole (PKCS#11 v3.2, 5.1.6,
// 5.2, 5.8 to 5.15).
#include "tests/conformance/fixtures.h"
#include "tests/conformance/referee.h"

namespace kilt::conformance {
namespace {

class States : public WithRsa {
 protected:
  CK_MECHANISM sha256_{CKM_SHA256, nullptr, 0}, pkcs1_{CKM_RSA_PKCS, nullptr, 0};
  Bytes data_ = Bytes(20, 7), buffer_ = Bytes(1024);
  CK_ULONG size_ = 1024;
};

TEST_F(States, NothingWithoutInit) {
  EXPECT_EQ(CKR_OPERATION_NOT_INITIALIZED,
            p11().C_Sign(session_, data_.data(), data_.size(), buffer_.data(), &size_));
  EXPECT_EQ(CKR_OPERATION_NOT_INITIALIZED, p11().C_SignFinal(session_, buffer_.data(), &size_));
  EXPECT_EQ(CKR_OPERATION_NOT_INITIALIZED,
            p11().C_Verify(session_, data_.data(), data_.size(), buffer_.data(), 128));
  EXPECT_EQ(CKR_OPERATION_NOT_INITIALIZED,
            p11().C_Encrypt(session_, data_.data(), data_.size(), buffer_.data(), &size_));
  EXPECT_EQ(CKR_OPERATION_NOT_INITIALIZED,
            p11().C_Decrypt(session_, data_.data(), data_.size(), buffer_.data(), &size_));
  EXPECT_EQ(CKR_OPERATION_NOT_INITIALIZED,
            p11().C_Digest(session_, data_.data(), data_.size(), buffer_.data(), &size_));
  CK_OBJECT_HANDLE object = 0;
  CK_ULONG count = 0;
  EXPECT_EQ(CKR_OPERATION_NOT_INITIALIZED, p11().C_FindObjects(session_, &object, 1, &count));
  EXPECT_EQ(CKR_OPERATION_NOT_INITIALIZED, p11().C_FindObjectsFinal(session_));
}

/// As Java's MessageDigest.clone() does it: TLS hashes a handshake while it goes on.
TEST_F(States, DigestGoesOnInAnotherSession) {
  ASSERT_EQ(CKR_OK, p11().C_DigestInit(session_, &sha256_));
  ASSERT_EQ(CKR_OK, p11().C_DigestUpdate(session_, data_.data(), data_.size()));
  Bytes state(4096);
  CK_ULONG state_size = state.size();
  const CK_RV rv = p11().C_GetOperationState(session_, state.data(), &state_size);
  if (rv == CKR_FUNCTION_NOT_SUPPORTED || rv == CKR_STATE_UNSAVEABLE)
    GTEST_SKIP() << "the module saves no states";
  ASSERT_EQ(CKR_OK, rv);
  const CK_SESSION_HANDLE other = open();
  ASSERT_EQ(CKR_OK, p11().C_SetOperationState(other, state.data(), state_size, 0, 0));
  Bytes twice(buffer_.size()), once(buffer_.size());
  CK_ULONG twice_size = twice.size(), once_size = once.size();
  ASSERT_EQ(CKR_OK, p11().C_DigestUpdate(other, data_.data(), data_.size()));
  ASSERT_EQ(CKR_OK, p11().C_DigestFinal(other, twice.data(), &twice_size));
  ASSERT_EQ(CKR_OK, p11().C_DigestFinal(session_, once.data(), &once_size));
  once.resize(once_size);
  twice.resize(twice_size);
  EXPECT_EQ(openssl_digest("SHA256", Bytes(20, 7)), once);
  EXPECT_EQ(openssl_digest("SHA256", Bytes(40, 7)), twice);
  state.at(state_size - 1) ^= 1U;
  EXPECT_EQ(CKR_SAVED_STATE_INVALID,
            p11().C_SetOperationState(other, state.data(), state_size, 0, 0));
}

TEST_F(States, SecondInitIsRefused) {
  ASSERT_EQ(CKR_OK, p11().C_FindObjectsInit(session_, nullptr, 0));
  EXPECT_EQ(CKR_OPERATION_ACTIVE, p11().C_FindObjectsInit(session_, nullptr, 0));
  if (!can(CKM_RSA_PKCS, CKF_SIGN)) return;
  ASSERT_EQ(CKR_OK, p11().C_FindObjectsFinal(session_));
  ASSERT_EQ(CKR_OK, p11().C_SignInit(session_, &pkcs1_, pair_.private_key));
  EXPECT_EQ(CKR_OPERATION_ACTIVE, p11().C_SignInit(session_, &pkcs1_, pair_.private_key));
}

TEST_F(States, OneSignatureForOneInit) {
  if (!can(CKM_RSA_PKCS, CKF_SIGN)) GTEST_SKIP() << "no CKM_RSA_PKCS";
  ASSERT_EQ(CKR_OK, p11().C_SignInit(session_, &pkcs1_, pair_.private_key));
  ASSERT_EQ(CKR_OK, p11().C_Sign(session_, data_.data(), data_.size(), buffer_.data(), &size_));
  size_ = buffer_.size();
  EXPECT_EQ(CKR_OPERATION_NOT_INITIALIZED,
            p11().C_Sign(session_, data_.data(), data_.size(), buffer_.data(), &size_));
}

TEST_F(States, AskingForTheSizeEndsNothing) {
  if (!can(CKM_RSA_PKCS, CKF_SIGN)) GTEST_SKIP() << "no CKM_RSA_PKCS";
  ASSERT_EQ(CKR_OK, p11().C_SignInit(session_, &pkcs1_, pair_.private_key));
  ASSERT_EQ(CKR_OK, p11().C_Sign(session_, data_.data(), data_.size(), nullptr, &size_));
  const CK_ULONG size = size_;
  size_ = size - 1;
  EXPECT_EQ(CKR_BUFFER_TOO_SMALL,
            p11().C_Sign(session_, data_.data(), data_.size(), buffer_.data(), &size_));
  EXPECT_EQ(size, size_);
  EXPECT_EQ(CKR_OK, p11().C_Sign(session_, data_.data(), data_.size(), buffer_.data(), &size_));
}

TEST_F(States, PartsAndTheWholeDoNotMix) {
  if (!can(CKM_SHA256, CKF_DIGEST)) GTEST_SKIP() << "no SHA-256 digest";
  ASSERT_EQ(CKR_OK, p11().C_DigestInit(session_, &sha256_));
  ASSERT_EQ(CKR_OK, p11().C_DigestUpdate(session_, data_.data(), data_.size()));
  EXPECT_TRUE(
      is_one_of(p11().C_Digest(session_, data_.data(), data_.size(), buffer_.data(), &size_),
                {CKR_OPERATION_ACTIVE, CKR_OPERATION_NOT_INITIALIZED, CKR_FUNCTION_FAILED}));
}

TEST_F(States, SessionsDoNotShareOperations) {
  ASSERT_EQ(CKR_OK, p11().C_FindObjectsInit(session_, nullptr, 0));
  EXPECT_EQ(CKR_OPERATION_NOT_INITIALIZED, p11().C_FindObjectsFinal(open()));
}

TEST_F(States, DigestDuringASearchSpoilsNeither) {
  if (!can(CKM_SHA256, CKF_DIGEST)) GTEST_SKIP() << "no SHA-256 digest";
  ASSERT_EQ(CKR_OK, p11().C_FindObjectsInit(session_, nullptr, 0));
  // A search may keep everything else out (5.1.6, CKR_OPERATION_ACTIVE); it need not.
  const CK_RV rv = p11().C_DigestInit(session_, &sha256_);
  EXPECT_TRUE(is_one_of(rv, {CKR_OK, CKR_OPERATION_ACTIVE}));
  CK_OBJECT_HANDLE object = 0;
  CK_ULONG count = 0;
  EXPECT_EQ(CKR_OK, p11().C_FindObjects(session_, &object, 1, &count));
  EXPECT_EQ(CKR_OK, p11().C_FindObjectsFinal(session_));
  EXPECT_EQ(rv == CKR_OK ? CKR_OK : CKR_OPERATION_NOT_INITIALIZED,
            p11().C_Digest(session_, data_.data(), data_.size(), buffer_.data(), &size_));
}

TEST_F(States, LogoutHidesPrivateObjects) {
  if (!flag(session_, pair_.private_key, CKA_PRIVATE).value_or(false))
    GTEST_SKIP() << "the key is not private";
  ASSERT_EQ(CKR_OK, p11().C_Logout(session_));
  Template keys;
  keys.number(CKA_CLASS, CKO_PRIVATE_KEY).flag(CKA_PRIVATE, true);
  EXPECT_TRUE(find(session_, keys).empty());
  CK_ATTRIBUTE type{CKA_KEY_TYPE, nullptr, 0};
  EXPECT_EQ(CKR_OBJECT_HANDLE_INVALID,
            p11().C_GetAttributeValue(session_, pair_.private_key, &type, 1));
}

TEST_F(States, LogoutInvalidatesPrivateHandlesForGood) {
  if (!flag(session_, pair_.private_key, CKA_PRIVATE).value_or(false))
    GTEST_SKIP() << "the key is not private";
  ASSERT_EQ(CKR_OK, p11().C_Logout(session_));
  ASSERT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
  CK_ATTRIBUTE type{CKA_KEY_TYPE, nullptr, 0};
  EXPECT_EQ(CKR_OBJECT_HANDLE_INVALID,
            p11().C_GetAttributeValue(session_, pair_.private_key, &type, 1))
      << "a new login gives new handles (5.6.10)";
}

}  // namespace
}  // namespace kilt::conformance
