// Slots, tokens, mechanism lists (PKCS#11 v3.2, 5.5).
#include <algorithm>

#include "tests/conformance/fixtures.h"

namespace kilt::conformance {
namespace {

template <std::size_t N>
bool padded(const unsigned char (&text)[N]) {
  return std::find(std::begin(text), std::end(text), 0) == std::end(text);
}

class Slots : public Initialized {
 protected:
  std::vector<CK_SLOT_ID> list(CK_BBOOL present) {
    CK_ULONG count = 0;
    EXPECT_EQ(CKR_OK, p11().C_GetSlotList(present, nullptr, &count));
    std::vector<CK_SLOT_ID> slots(count);
    EXPECT_EQ(CKR_OK, p11().C_GetSlotList(present, slots.data(), &count));
    slots.resize(count);
    return slots;
  }
};

TEST_F(Slots, ThoseWithTokensAreSome) {
  const auto all = list(CK_FALSE);
  for (const CK_SLOT_ID slot : list(CK_TRUE)) {
    EXPECT_TRUE(std::ranges::count(all, slot) == 1);
    CK_SLOT_INFO info{};
    ASSERT_EQ(CKR_OK, p11().C_GetSlotInfo(slot, &info));
    EXPECT_TRUE(info.flags & CKF_TOKEN_PRESENT);
  }
}

TEST_F(Slots, ShortListIsRefusedWithTheCount) {
  CK_SLOT_ID one = 77;
  CK_ULONG count = 0;
  EXPECT_EQ(CKR_BUFFER_TOO_SMALL, p11().C_GetSlotList(CK_FALSE, &one, &count));
  EXPECT_EQ(list(CK_FALSE).size(), count);
  EXPECT_EQ(77UL, one);
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_GetSlotList(CK_FALSE, nullptr, nullptr));
}

TEST_F(Slots, InfoIsPadded) {
  CK_SLOT_INFO info{};
  ASSERT_EQ(CKR_OK, p11().C_GetSlotInfo(slot_, &info));
  EXPECT_TRUE(padded(info.slotDescription));
  EXPECT_TRUE(padded(info.manufacturerID));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_GetSlotInfo(slot_, nullptr));
}

TEST_F(Slots, UnknownOneIsRefused) {
  CK_SLOT_INFO slot{};
  CK_TOKEN_INFO token{};
  CK_ULONG count = 0;
  CK_MECHANISM_INFO mechanism{};
  for (const CK_SLOT_ID id : {~0UL, 0x7FFFFFFFUL}) {
    EXPECT_EQ(CKR_SLOT_ID_INVALID, p11().C_GetSlotInfo(id, &slot));
    EXPECT_EQ(CKR_SLOT_ID_INVALID, p11().C_GetTokenInfo(id, &token));
    EXPECT_EQ(CKR_SLOT_ID_INVALID, p11().C_GetMechanismList(id, nullptr, &count));
    EXPECT_EQ(CKR_SLOT_ID_INVALID, p11().C_GetMechanismInfo(id, CKM_RSA_PKCS, &mechanism));
    EXPECT_EQ(CKR_SLOT_ID_INVALID, p11().C_CloseAllSessions(id));
    CK_SESSION_HANDLE session = 0;
    EXPECT_EQ(CKR_SLOT_ID_INVALID,
              p11().C_OpenSession(id, CKF_SERIAL_SESSION, nullptr, nullptr, &session));
  }
}

TEST_F(Slots, TokenInfoIsPaddedAndPlausible) {
  CK_TOKEN_INFO info{};
  ASSERT_EQ(CKR_OK, p11().C_GetTokenInfo(slot_, &info));
  EXPECT_TRUE(padded(info.label));
  EXPECT_TRUE(padded(info.manufacturerID));
  EXPECT_TRUE(padded(info.model));
  EXPECT_TRUE(padded(info.serialNumber));
  EXPECT_TRUE(info.flags & CKF_TOKEN_INITIALIZED);
  EXPECT_TRUE(info.flags & CKF_USER_PIN_INITIALIZED);
  EXPECT_TRUE(info.flags & CKF_LOGIN_REQUIRED);
  EXPECT_LE(info.ulMinPinLen, info.ulMaxPinLen);
  EXPECT_GT(info.ulMaxPinLen, 0UL);
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_GetTokenInfo(slot_, nullptr));
}

TEST_F(Slots, SessionsAreCounted) {
  const CK_TOKEN_INFO before = token_info();
  if (before.ulSessionCount == CK_UNAVAILABLE_INFORMATION) GTEST_SKIP() << "not counted";
  open(0);
  open(CKF_RW_SESSION);
  EXPECT_EQ(before.ulSessionCount + 2, token_info().ulSessionCount);
  EXPECT_EQ(before.ulRwSessionCount + 1, token_info().ulRwSessionCount);
}

TEST_F(Slots, NoEventWithoutOne) {
  CK_SLOT_ID slot = 0;  // C_Initialize clears every event (5.5.4)
  EXPECT_EQ(CKR_NO_EVENT, p11().C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, nullptr));
}

TEST_F(Slots, NoEventOfWhatWasThereAtTheStart) {
  p11().C_Finalize(nullptr);
  ASSERT_EQ(CKR_OK, p11().C_Initialize(nullptr));
  CK_SLOT_ID slot = 0;  // and nobody has asked for the slots
  EXPECT_EQ(CKR_NO_EVENT, p11().C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, nullptr));
  EXPECT_EQ(CKR_NO_EVENT, p11().C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, nullptr));
}

// Programs keep an id in their configuration, or from before a fork.
TEST_F(Slots, AnIdThatIsKnownNeedsNoList) {
  p11().C_Finalize(nullptr);
  ASSERT_EQ(CKR_OK, p11().C_Initialize(nullptr));
  CK_SLOT_INFO slot{};
  EXPECT_EQ(CKR_OK, p11().C_GetSlotInfo(slot_, &slot));
  p11().C_Finalize(nullptr);
  ASSERT_EQ(CKR_OK, p11().C_Initialize(nullptr));
  CK_TOKEN_INFO token{};
  EXPECT_EQ(CKR_OK, p11().C_GetTokenInfo(slot_, &token));
  p11().C_Finalize(nullptr);
  ASSERT_EQ(CKR_OK, p11().C_Initialize(nullptr));
  open();
}

TEST_F(Slots, IdsStayWhenTheLibraryIsInitialisedAgain) {
  const auto before = list(CK_FALSE);
  for (int i = 0; i < 3; ++i) {
    p11().C_Finalize(nullptr);
    ASSERT_EQ(CKR_OK, p11().C_Initialize(nullptr));
    EXPECT_EQ(before, list(CK_FALSE));
  }
}

TEST_F(Slots, WaitChecksItsArguments) {
  CK_SLOT_ID slot = 0;
  int something = 0;
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_WaitForSlotEvent(CKF_DONT_BLOCK, nullptr, nullptr));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, &something));
}

class Mechanisms : public Initialized {};

TEST_F(Mechanisms, ListHasNoneTwice) {
  auto all = mechanisms();
  ASSERT_FALSE(all.empty());
  std::ranges::sort(all);
  EXPECT_TRUE(std::ranges::adjacent_find(all) == all.end());
}

TEST_F(Mechanisms, ShortListIsRefusedWithTheCount) {
  const CK_ULONG size = mechanisms().size();
  std::vector<CK_MECHANISM_TYPE> some(size);
  CK_ULONG count = size - 1;
  EXPECT_EQ(CKR_BUFFER_TOO_SMALL, p11().C_GetMechanismList(slot_, some.data(), &count));
  EXPECT_EQ(size, count);
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_GetMechanismList(slot_, some.data(), nullptr));
}

TEST_F(Mechanisms, EachHasAnInfoAndDoesSomething) {
  constexpr CK_FLAGS kWork = CKF_ENCRYPT | CKF_DECRYPT | CKF_DIGEST | CKF_SIGN | CKF_SIGN_RECOVER |
                             CKF_VERIFY | CKF_VERIFY_RECOVER | CKF_GENERATE |
                             CKF_GENERATE_KEY_PAIR | CKF_WRAP | CKF_UNWRAP | CKF_DERIVE;
  for (const CK_MECHANISM_TYPE type : mechanisms()) {
    const auto info = mechanism_info(type);
    ASSERT_TRUE(info.has_value()) << std::hex << type;
    EXPECT_TRUE(info->flags & kWork) << std::hex << type;
    EXPECT_LE(info->ulMinKeySize, info->ulMaxKeySize) << std::hex << type;
  }
}

TEST_F(Mechanisms, UnknownOneIsRefused) {
  CK_MECHANISM_INFO info{};
  EXPECT_EQ(CKR_MECHANISM_INVALID,
            p11().C_GetMechanismInfo(slot_, CKM_VENDOR_DEFINED | 0x777, &info));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_GetMechanismInfo(slot_, mechanisms().front(), nullptr));
}

}  // namespace
}  // namespace kilt::conformance
