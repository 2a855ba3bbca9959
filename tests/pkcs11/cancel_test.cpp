// Ending operations without a result: C_SessionCancel and a NULL mechanism (PKCS#11 v3.2, 5.6.8 and
// 5.8 to 5.17); C_LoginUser.
#include "tests/support/kaztoken_test.h"

namespace kilt::test {
namespace {

class Cancel : public KaztokenTest {
 protected:
  void SetUp() override {
    KaztokenTest::SetUp();
    session_ = user_session();
    pair_ = generate_rsa(session_);
  }
  /// Begins every kind of operation there is.
  void begin_all() {
    EXPECT_EQ(CKR_OK, C_FindObjectsInit(session_, nullptr, 0));
    EXPECT_EQ(CKR_OK, C_EncryptInit(session_, &pkcs1_, pair_.public_key));
    EXPECT_EQ(CKR_OK, C_DecryptInit(session_, &pkcs1_, pair_.private_key));
    EXPECT_EQ(CKR_OK, C_DigestInit(session_, &sha256_));
    EXPECT_EQ(CKR_OK, C_SignInit(session_, &pkcs1_, pair_.private_key));
    EXPECT_EQ(CKR_OK, C_VerifyInit(session_, &pkcs1_, pair_.public_key));
  }
  static constexpr CK_FLAGS kAll =
      CKF_FIND_OBJECTS | CKF_ENCRYPT | CKF_DECRYPT | CKF_DIGEST | CKF_SIGN | CKF_VERIFY;
  CK_MECHANISM pkcs1_{CKM_RSA_PKCS, nullptr, 0};
  CK_MECHANISM sha256_{CKM_SHA256, nullptr, 0};
  CK_SESSION_HANDLE session_ = 0;
  Pair pair_;
};

TEST_F(Cancel, AllThatIsNamed) {
  begin_all();
  EXPECT_EQ(CKR_OPERATION_ACTIVE, C_SignInit(session_, &pkcs1_, pair_.private_key));
  EXPECT_EQ(CKR_OK, C_SessionCancel(session_, kAll));
  begin_all();
}

TEST_F(Cancel, NothingElse) {
  begin_all();
  EXPECT_EQ(CKR_OK, C_SessionCancel(session_, CKF_SIGN));
  EXPECT_EQ(CKR_OK, C_SignInit(session_, &pkcs1_, pair_.private_key));
  EXPECT_EQ(CKR_OPERATION_ACTIVE, C_VerifyInit(session_, &pkcs1_, pair_.public_key));
  EXPECT_EQ(CKR_OK, C_SessionCancel(session_, 0)) << "no flag, no change";
  EXPECT_EQ(CKR_OPERATION_ACTIVE, C_SignInit(session_, &pkcs1_, pair_.private_key));
  EXPECT_EQ(CKR_OK, C_SessionCancel(session_, kAll));
  EXPECT_EQ(CKR_OK, C_SessionCancel(session_, kAll | CKF_MESSAGE_SIGN)) << "what is not there";
  EXPECT_EQ(CKR_SESSION_HANDLE_INVALID, C_SessionCancel(session_ + 99, kAll));
}

TEST_F(Cancel, NullMechanismEndsItsOwnOperation) {
  begin_all();
  EXPECT_EQ(CKR_OK, C_EncryptInit(session_, nullptr, 0));
  EXPECT_EQ(CKR_OK, C_DecryptInit(session_, nullptr, 0));
  EXPECT_EQ(CKR_OK, C_DigestInit(session_, nullptr));
  EXPECT_EQ(CKR_OK, C_SignInit(session_, nullptr, 0));
  EXPECT_EQ(CKR_OK, C_VerifyInit(session_, nullptr, 0));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_SignInit(session_, nullptr, 0)) << "nothing left to end";
  EXPECT_EQ(CKR_OK, C_FindObjectsFinal(session_)) << "the search went on";
  begin_all();
}

TEST_F(Cancel, ASignatureEndedInTheMiddleLeavesNothing) {
  Bytes part(10, 1), buffer(256);
  CK_ULONG size = buffer.size();
  ASSERT_EQ(CKR_OK, C_SignInit(session_, &pkcs1_, pair_.private_key));
  ASSERT_EQ(CKR_OK, C_SignUpdate(session_, part.data(), part.size()));
  ASSERT_EQ(CKR_OK, C_SignInit(session_, nullptr, 0));
  EXPECT_EQ(CKR_OPERATION_NOT_INITIALIZED, C_SignFinal(session_, buffer.data(), &size));
}

TEST_F(Cancel, LoginUserIsLoginWithoutAName) {
  ASSERT_EQ(CKR_OK, C_Logout(session_));
  std::string pin = kUserPin, name = "somebody";
  card_->restart_count();
  EXPECT_EQ(CKR_ARGUMENTS_BAD,
            C_LoginUser(session_, CKU_USER, chars(pin), pin.size(), chars(name), name.size()))
      << "the token has one user and no name";
  EXPECT_EQ(CKR_ARGUMENTS_BAD,
            C_LoginUser(session_, CKU_USER, chars(pin), pin.size(), nullptr, name.size()));
  EXPECT_EQ(0U, card_->count()) << "no try is spent on it";
  EXPECT_EQ(CKR_OK, C_LoginUser(session_, CKU_USER, chars(pin), pin.size(), nullptr, 0));
  CK_SESSION_INFO info{};
  ASSERT_EQ(CKR_OK, C_GetSessionInfo(session_, &info));
  EXPECT_EQ(CKS_RW_USER_FUNCTIONS, info.state);
  EXPECT_EQ(CKR_USER_ALREADY_LOGGED_IN,
            C_LoginUser(session_, CKU_USER, chars(pin), pin.size(), nullptr, 0));
}

}  // namespace
}  // namespace kilt::test
