// Sessions (PKCS#11 v3.2, 5.6).
#include "tests/conformance/fixtures.h"

namespace kilt::conformance {
namespace {

class Sessions : public Initialized {};

TEST_F(Sessions, SerialFlagIsWanted) {
  CK_SESSION_HANDLE session = 0;
  EXPECT_EQ(CKR_SESSION_PARALLEL_NOT_SUPPORTED,
            p11().C_OpenSession(slot_, CKF_RW_SESSION, nullptr, nullptr, &session));
}

TEST_F(Sessions, HandleIsWanted) {
  EXPECT_EQ(CKR_ARGUMENTS_BAD,
            p11().C_OpenSession(slot_, CKF_SERIAL_SESSION, nullptr, nullptr, nullptr));
}

TEST_F(Sessions, HandlesAreNotZeroAndDiffer) {
  std::set<CK_SESSION_HANDLE> handles;
  for (int i = 0; i < 16; ++i) handles.insert(open(0));
  EXPECT_EQ(16U, handles.size());
  EXPECT_FALSE(handles.contains(CK_INVALID_HANDLE));
}

TEST_F(Sessions, InfoTellsSlotStateAndFlags) {
  const CK_SESSION_HANDLE read_only = open(0), read_write = open();
  CK_SESSION_INFO info{};
  ASSERT_EQ(CKR_OK, p11().C_GetSessionInfo(read_only, &info));
  EXPECT_EQ(slot_, info.slotID);
  EXPECT_EQ(CKS_RO_PUBLIC_SESSION, info.state);
  EXPECT_EQ(CKF_SERIAL_SESSION, info.flags);
  ASSERT_EQ(CKR_OK, p11().C_GetSessionInfo(read_write, &info));
  EXPECT_EQ(CKS_RW_PUBLIC_SESSION, info.state);
  EXPECT_EQ(CKF_SERIAL_SESSION | CKF_RW_SESSION, info.flags);
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_GetSessionInfo(read_only, nullptr));
}

TEST_F(Sessions, ClosedOneIsGone) {
  const CK_SESSION_HANDLE session = open();
  ASSERT_EQ(CKR_OK, p11().C_CloseSession(session));
  CK_SESSION_INFO info{};
  EXPECT_EQ(CKR_SESSION_HANDLE_INVALID, p11().C_GetSessionInfo(session, &info));
  EXPECT_EQ(CKR_SESSION_HANDLE_INVALID, p11().C_CloseSession(session));
  EXPECT_EQ(CKR_SESSION_HANDLE_INVALID, p11().C_FindObjectsInit(session, nullptr, 0));
}

TEST_F(Sessions, CloseAllClosesAll) {
  const CK_SESSION_HANDLE one = open(), two = open(0);
  ASSERT_EQ(CKR_OK, p11().C_CloseAllSessions(slot_));
  CK_SESSION_INFO info{};
  EXPECT_EQ(CKR_SESSION_HANDLE_INVALID, p11().C_GetSessionInfo(one, &info));
  EXPECT_EQ(CKR_SESSION_HANDLE_INVALID, p11().C_GetSessionInfo(two, &info));
  EXPECT_EQ(CKR_OK, p11().C_CloseAllSessions(slot_)) << "none is fine";
}

TEST_F(Sessions, FinalizeEndsThem) {
  const CK_SESSION_HANDLE session = open();
  ASSERT_EQ(CKR_OK, p11().C_Finalize(nullptr));
  ASSERT_EQ(CKR_OK, p11().C_Initialize(nullptr));
  test_slot();
  CK_SESSION_INFO info{};
  EXPECT_EQ(CKR_SESSION_HANDLE_INVALID, p11().C_GetSessionInfo(session, &info));
}

TEST_F(Sessions, OperationStateIsSavedOrNot) {
  const CK_SESSION_HANDLE session = open();
  CK_ULONG size = 0;
  EXPECT_TRUE(is_one_of(p11().C_GetOperationState(session, nullptr, &size),
                        {CKR_OPERATION_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED}))
      << "there is none (5.6.6)";
  CK_BYTE junk[8] = {};
  EXPECT_TRUE(is_one_of(p11().C_SetOperationState(session, junk, sizeof junk, 0, 0),
                        {CKR_SAVED_STATE_INVALID, CKR_FUNCTION_NOT_SUPPORTED}));
}

TEST_F(Sessions, WithoutAnOperationThereIsNoState) {
  const CK_SESSION_HANDLE session = open();
  CK_ULONG size = 0;
  EXPECT_TRUE(is_one_of(p11().C_GetOperationState(session, nullptr, &size),
                        {CKR_OPERATION_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED}));
}

class Logins : public WithSession {};

TEST_F(Logins, StateFollowsInEverySession) {
  const CK_SESSION_HANDLE read_only = open(0);
  ASSERT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
  EXPECT_EQ(CKS_RW_USER_FUNCTIONS, state(session_));
  EXPECT_EQ(CKS_RO_USER_FUNCTIONS, state(read_only));
  EXPECT_EQ(CKS_RO_USER_FUNCTIONS, state(open(0))) << "and in new ones";
  ASSERT_EQ(CKR_OK, p11().C_Logout(read_only));
  EXPECT_EQ(CKS_RW_PUBLIC_SESSION, state(session_));
  EXPECT_EQ(CKR_USER_NOT_LOGGED_IN, p11().C_Logout(session_));
}

TEST_F(Logins, SecondLoginIsRefused) {
  ASSERT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
  EXPECT_EQ(CKR_USER_ALREADY_LOGGED_IN, login(session_, CKU_USER, options().pin));
}

TEST_F(Logins, WrongPinIsRefusedAndTheRightOneWorks) {
  std::string wrong = options().pin;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  EXPECT_EQ(CKR_PIN_INCORRECT, login(session_, CKU_USER, wrong));
  EXPECT_EQ(CKS_RW_PUBLIC_SESSION, state(session_));
  EXPECT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
}

TEST_F(Logins, PinOfAnotherLengthIsIncorrect) {
  // CKR_PIN_LEN_RANGE is for functions that set a PIN (5.1.6). NSS asks again after this code only.
  EXPECT_EQ(CKR_PIN_INCORRECT, login(session_, CKU_USER, std::string(200, '1')));
  EXPECT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
}

TEST_F(Logins, UserTypeMustBeKnown) {
  EXPECT_EQ(CKR_USER_TYPE_INVALID, login(session_, 77, options().pin));
}

TEST_F(Logins, ContextSpecificNeedsAnOperation) {
  ASSERT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
  EXPECT_EQ(CKR_OPERATION_NOT_INITIALIZED, login(session_, CKU_CONTEXT_SPECIFIC, options().pin));
}

TEST_F(Logins, EndWithTheLastSession) {
  ASSERT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
  ASSERT_EQ(CKR_OK, p11().C_CloseSession(session_));
  EXPECT_EQ(CKS_RW_PUBLIC_SESSION, state(open()));
}

TEST_F(Logins, AnotherUserMustWait) {
  if (options().so_pin.empty()) GTEST_SKIP() << "no SO PIN is given";
  ASSERT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
  EXPECT_EQ(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, login(session_, CKU_SO, options().so_pin));
}

TEST_F(Logins, SoNeedsReadWriteSessionsOnly) {
  if (options().so_pin.empty()) GTEST_SKIP() << "no SO PIN is given";
  const CK_SESSION_HANDLE read_only = open(0);
  EXPECT_EQ(CKR_SESSION_READ_ONLY_EXISTS, login(session_, CKU_SO, options().so_pin));
  ASSERT_EQ(CKR_OK, p11().C_CloseSession(read_only));
  ASSERT_EQ(CKR_OK, login(session_, CKU_SO, options().so_pin));
  EXPECT_EQ(CKS_RW_SO_FUNCTIONS, state(session_));
  CK_SESSION_HANDLE other = 0;
  EXPECT_EQ(CKR_SESSION_READ_WRITE_SO_EXISTS,
            p11().C_OpenSession(slot_, CKF_SERIAL_SESSION, nullptr, nullptr, &other));
}

TEST_F(Logins, ReadOnlySessionMakesNoTokenObject) {
  ASSERT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
  Template data;
  data.number(CKA_CLASS, CKO_DATA).flag(CKA_TOKEN, true).text(CKA_LABEL, "conformance");
  CK_OBJECT_HANDLE object = 0;
  EXPECT_EQ(CKR_SESSION_READ_ONLY,
            p11().C_CreateObject(open(0), data.data(), data.size(), &object));
}

}  // namespace
}  // namespace kilt::conformance
