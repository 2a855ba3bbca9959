// Sessions, login, logout, PINs.
#include "tests/support/kaztoken_test.h"

namespace kilt::test {
namespace {

class Sessions : public KaztokenTest {
 protected:
  static CK_STATE state(CK_SESSION_HANDLE session) {
    CK_SESSION_INFO info{};
    EXPECT_EQ(CKR_OK, C_GetSessionInfo(session, &info));
    return info.state;
  }
  static CK_FLAGS token_flags() {
    CK_TOKEN_INFO info{};
    EXPECT_EQ(CKR_OK, C_GetTokenInfo(0, &info));
    return info.flags;
  }
};

TEST_F(Sessions, StatesFollowTheLogin) {
  const CK_SESSION_HANDLE rw = open_session();
  const CK_SESSION_HANDLE ro = open_session(0);
  EXPECT_EQ(CKS_RW_PUBLIC_SESSION, state(rw));
  EXPECT_EQ(CKS_RO_PUBLIC_SESSION, state(ro));
  EXPECT_EQ(CKR_SESSION_READ_ONLY_EXISTS, log_in(rw, CKU_SO, kSoPin));
  ASSERT_EQ(CKR_OK, log_in(ro, CKU_USER, kUserPin));
  EXPECT_EQ(CKS_RW_USER_FUNCTIONS, state(rw));
  EXPECT_EQ(CKS_RO_USER_FUNCTIONS, state(ro));
  EXPECT_EQ(CKR_USER_ALREADY_LOGGED_IN, log_in(rw, CKU_USER, kUserPin));
  EXPECT_EQ(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, log_in(rw, CKU_SO, kSoPin));
  ASSERT_EQ(CKR_OK, C_Logout(rw));
  EXPECT_EQ(CKS_RO_PUBLIC_SESSION, state(ro));
  EXPECT_EQ(CKR_USER_NOT_LOGGED_IN, C_Logout(rw));
}

TEST_F(Sessions, SoAndReadOnlyExcludeEachOther) {
  const CK_SESSION_HANDLE rw = open_session();
  ASSERT_EQ(CKR_OK, log_in(rw, CKU_SO, kSoPin));
  EXPECT_EQ(CKS_RW_SO_FUNCTIONS, state(rw));
  CK_SESSION_HANDLE ro = 0;
  EXPECT_EQ(CKR_SESSION_READ_WRITE_SO_EXISTS,
            C_OpenSession(0, CKF_SERIAL_SESSION, nullptr, nullptr, &ro));
}

TEST_F(Sessions, ParallelSessionsAndBadHandlesAreRefused) {
  CK_SESSION_HANDLE session = 0;
  EXPECT_EQ(CKR_SESSION_PARALLEL_NOT_SUPPORTED, C_OpenSession(0, 0, nullptr, nullptr, &session));
  EXPECT_EQ(CKR_SLOT_ID_INVALID, C_OpenSession(77, CKF_SERIAL_SESSION, nullptr, nullptr, &session));
  session = open_session();
  EXPECT_EQ(CKR_OK, C_CloseSession(session));
  EXPECT_EQ(CKR_SESSION_HANDLE_INVALID, C_CloseSession(session));
  EXPECT_EQ(CKR_SESSION_HANDLE_INVALID, C_CloseSession(~0UL));
}

TEST_F(Sessions, EmptyPinNeverReachesTheToken) {
  const CK_SESSION_HANDLE session = open_session();
  card_->restart_count();
  CK_UTF8CHAR nothing = 0;
  EXPECT_EQ(CKR_PIN_INCORRECT, C_Login(session, CKU_USER, &nothing, 0));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_Login(session, CKU_USER, nullptr, 0));
  EXPECT_EQ(CKR_PIN_INCORRECT, log_in(session, CKU_USER, std::string(256, '1')));
  EXPECT_EQ(0U, card_->count());
}

TEST_F(Sessions, WrongPinsAreCountedAndShown) {
  const CK_SESSION_HANDLE session = open_session();
  EXPECT_EQ(0UL, token_flags() & CKF_USER_PIN_COUNT_LOW);
  EXPECT_EQ(CKR_PIN_INCORRECT, log_in(session, CKU_USER, "000000"));
  EXPECT_NE(0UL, token_flags() & CKF_USER_PIN_COUNT_LOW);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(CKR_PIN_INCORRECT, log_in(session, CKU_USER, "000000"));
  EXPECT_NE(0UL, token_flags() & CKF_USER_PIN_FINAL_TRY);
  const CK_RV last = log_in(session, CKU_USER, "000000");
  EXPECT_TRUE(last == CKR_PIN_INCORRECT || last == CKR_PIN_LOCKED);
  EXPECT_EQ(CKR_PIN_LOCKED, log_in(session, CKU_USER, kUserPin));
  EXPECT_NE(0UL, token_flags() & CKF_USER_PIN_LOCKED);
}

TEST_F(Sessions, SoUnblocksTheUserPin) {
  const CK_SESSION_HANDLE session = open_session();
  for (int i = 0; i < 6; ++i) log_in(session, CKU_USER, "000000");
  ASSERT_EQ(CKR_OK, log_in(session, CKU_SO, kSoPin));
  std::string pin = "246802";
  EXPECT_EQ(CKR_OK, C_InitPIN(session, chars(pin), pin.size()));
  ASSERT_EQ(CKR_OK, C_Logout(session));
  EXPECT_EQ(CKR_OK, log_in(session, CKU_USER, pin));
}

TEST_F(Sessions, PinChange) {
  const CK_SESSION_HANDLE session = user_session();
  std::string old_pin = kUserPin, wrong = "999999", fresh = "864200", factory = "12345678";
  EXPECT_EQ(CKR_PIN_INVALID,
            C_SetPIN(session, chars(old_pin), old_pin.size(), chars(factory), factory.size()));
  EXPECT_EQ(CKR_PIN_LEN_RANGE, C_SetPIN(session, chars(old_pin), old_pin.size(), chars(fresh), 3));
  EXPECT_EQ(CKR_OK, C_SetPIN(session, chars(old_pin), old_pin.size(), chars(fresh), fresh.size()));
  EXPECT_EQ(CKR_PIN_INCORRECT,
            C_SetPIN(session, chars(wrong), wrong.size(), chars(old_pin), old_pin.size()));
  EXPECT_EQ(CKS_RW_PUBLIC_SESSION, state(session)) << "a wrong old PIN ends the login";
  EXPECT_EQ(CKR_OK, log_in(session, CKU_USER, fresh));
}

TEST_F(Sessions, LastCloseLogsOutOnTheCard) {
  const CK_SESSION_HANDLE first = user_session();
  const CK_SESSION_HANDLE second = open_session();
  card_->restart_count();
  ASSERT_EQ(CKR_OK, C_CloseSession(first));
  EXPECT_EQ(0U, card_->count());
  ASSERT_EQ(CKR_OK, C_CloseSession(second));
  EXPECT_EQ(1U, card_->count_ins(0x40));
  EXPECT_EQ(CKS_RW_PUBLIC_SESSION, state(open_session()));
}

TEST_F(Sessions, InitTokenWantsNoSessionsAndTheSoPin) {
  std::string label(32, ' '), pin = kSoPin, wrong = "11111111";
  const CK_SESSION_HANDLE session = open_session();
  EXPECT_EQ(CKR_SESSION_EXISTS, C_InitToken(0, chars(pin), pin.size(), chars(label)));
  ASSERT_EQ(CKR_OK, C_CloseSession(session));
  EXPECT_EQ(CKR_PIN_INCORRECT, C_InitToken(0, chars(wrong), wrong.size(), chars(label)));
  EXPECT_NE(0UL, token_flags() & CKF_USER_PIN_INITIALIZED) << "nothing was erased";
  EXPECT_EQ(CKR_OK, C_InitToken(0, chars(pin), pin.size(), chars(label)));
  EXPECT_EQ(0UL, token_flags() & CKF_USER_PIN_INITIALIZED);
}

TEST_F(Sessions, FactoryPinIsShown) {
  const CK_SESSION_HANDLE session = open_session();
  ASSERT_EQ(CKR_OK, log_in(session, CKU_SO, kSoPin));  // 87654321: the platform's own
  EXPECT_NE(0UL, token_flags() & CKF_SO_PIN_TO_BE_CHANGED);
  EXPECT_EQ(0UL, token_flags() & CKF_USER_PIN_TO_BE_CHANGED);
}

TEST_F(Sessions, RemovalEndsThem) {
  const CK_SESSION_HANDLE session = user_session();
  const Pair pair = generate_rsa(session);
  readers_->remove_card(kReader);
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  Byte data = 1;
  Bytes signature(128);
  CK_ULONG size = signature.size();
  CK_RV rv = C_SignInit(session, &mechanism, pair.private_key);
  if (rv == CKR_OK) rv = C_Sign(session, &data, 1, signature.data(), &size);
  EXPECT_TRUE(rv == CKR_DEVICE_REMOVED || rv == CKR_SESSION_HANDLE_INVALID) << std::hex << rv;
  CK_SESSION_INFO info{};
  EXPECT_EQ(CKR_SESSION_HANDLE_INVALID, C_GetSessionInfo(session, &info));
  readers_->insert(kReader, card_);
  list_slots();
  EXPECT_EQ(CKR_SESSION_HANDLE_INVALID, C_GetSessionInfo(session, &info));
  const CK_SESSION_HANDLE fresh = open_session();
  EXPECT_EQ(CKS_RW_PUBLIC_SESSION, state(fresh)) << "login does not survive removal";
}

TEST_F(Sessions, ForeignResetEndsTheLoginNotTheSession) {
  const CK_SESSION_HANDLE session = user_session();
  const Pair pair = generate_rsa(session);
  readers_->reset_by_other(kReader);
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  Byte data = 1;
  Bytes signature(128);
  CK_ULONG size = signature.size();
  card_->restart_count();
  CK_RV rv = C_SignInit(session, &mechanism, pair.private_key);
  if (rv == CKR_OK) rv = C_Sign(session, &data, 1, signature.data(), &size);
  EXPECT_EQ(CKR_USER_NOT_LOGGED_IN, rv);
  EXPECT_EQ(0U, card_->count_ins(0x20)) << "no PIN is tried without the caller";
  EXPECT_EQ(CKS_RW_PUBLIC_SESSION, state(session));
  EXPECT_EQ(CKR_OK, log_in(session, CKU_USER, kUserPin));
}

}  // namespace
}  // namespace kilt::test
