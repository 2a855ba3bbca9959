// APDUs per operation: asserted exactly, because a change that costs one more is a change that
// somebody must have wanted.
#include "tests/support/kaztoken_test.h"

namespace kilt::test {
namespace {

class Budget : public KaztokenTest {
 protected:
  void SetUp() override {
    KaztokenTest::SetUp();
    const CK_SESSION_HANDLE session = user_session();
    generate_rsa(session, 2048);
    C_CloseSession(session);
    ASSERT_EQ(CKR_OK, C_Finalize(nullptr));
    ASSERT_EQ(CKR_OK, C_Initialize(nullptr));
    card_->restart_count();
  }
};

TEST_F(Budget, LookingAtSlotsCostsNothing) {
  list_slots();
  list_slots(true);
  CK_SLOT_INFO info{};
  ASSERT_EQ(CKR_OK, C_GetSlotInfo(0, &info));
  CK_SESSION_INFO session_info{};
  EXPECT_EQ(0U, card_->count());
  const CK_SESSION_HANDLE session = open_session();
  card_->restart_count();
  ASSERT_EQ(CKR_OK, C_GetSessionInfo(session, &session_info));
  EXPECT_EQ(0U, card_->count());
}

TEST_F(Budget, TokenInfoIsAskedOnce) {
  list_slots();
  CK_TOKEN_INFO info{};
  ASSERT_EQ(CKR_OK, C_GetTokenInfo(0, &info));
  EXPECT_LE(card_->count(), 5U);
  card_->restart_count();
  ASSERT_EQ(CKR_OK, C_GetTokenInfo(0, &info));
  EXPECT_EQ(0U, card_->count());
}

TEST_F(Budget, LoginIsOneVerify) {
  list_slots();
  const CK_SESSION_HANDLE session = open_session();
  card_->restart_count();
  ASSERT_EQ(CKR_OK, log_in(session, CKU_USER, kUserPin));
  EXPECT_EQ(1U, card_->count());
}

TEST_F(Budget, SignatureOfRsa2048IsFourCommands) {
  list_slots();
  const CK_SESSION_HANDLE session = user_session();
  const auto keys = find_class(session, CKO_PRIVATE_KEY);
  ASSERT_EQ(1U, keys.size());
  card_->restart_count();
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  EXPECT_EQ(256U, sign(session, mechanism, keys[0], Bytes{1, 2, 3}).size());
  EXPECT_EQ(4U, card_->count());  // SELECT, MSE SET, PSO in two chained commands
}

TEST_F(Budget, ColdStartToFirstSignature) {
  list_slots();
  const CK_SESSION_HANDLE session = user_session();
  const auto keys = find_class(session, CKO_PRIVATE_KEY);
  ASSERT_EQ(1U, keys.size());
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  sign(session, mechanism, keys[0], Bytes{1, 2, 3});
  EXPECT_LE(card_->count(), 20U);
}

TEST_F(Budget, SecondListingAsksWhetherAnythingChanged) {
  list_slots();
  const CK_SESSION_HANDLE session = user_session();
  EXPECT_EQ(2U, find(session).size());
  card_->restart_count();
  EXPECT_EQ(2U, find(session).size());
  EXPECT_LE(card_->count(), 2U);
}

TEST_F(Budget, RandomIsOneCommand) {
  list_slots();
  const CK_SESSION_HANDLE session = open_session();
  card_->restart_count();
  Bytes bytes(256);
  ASSERT_EQ(CKR_OK, C_GenerateRandom(session, bytes.data(), bytes.size()));
  EXPECT_EQ(1U, card_->count());
}

}  // namespace
}  // namespace kilt::test
