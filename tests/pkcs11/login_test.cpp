// The login on every family, while other programs and the card itself misbehave.
#include <thread>

#include "tests/support/each_family.h"

namespace kilt::test {
namespace {

TEST_P(EachFamily, APinDoesNotReachTheTokenPutInAtAReset) {
  const auto other = exchange_and_reset();
  EXPECT_NE(CKR_OK, log_in_user());
  EXPECT_EQ(0U, comparisons(*other));
}

TEST_P(EachFamily, AFailedLookAtTheSerialNumberProvesNothing) {
  const auto other = exchange_and_reset();
  bool failed = false;
  other->intercept([&](BytesView) -> std::optional<Bytes> {
    if (std::exchange(failed, true)) return std::nullopt;
    return Bytes{0x6F, 0x00};
  });
  EXPECT_NE(CKR_OK, log_in_user());
  EXPECT_NE(CKR_OK, log_in_user()) << "the doubt stands until it is cleared";
  EXPECT_EQ(0U, comparisons(*other));
  other->intercept({});
}

TEST_P(EachFamily, TheSameTokenGoesOnAfterAReset) {
  ASSERT_EQ(CKR_OK, log_in_user());
  const CK_OBJECT_HANDLE before = private_key();
  readers_->reset_by_other(kReader);
  ours_->restart_count();
  EXPECT_NE(CKR_OK, sign(before)) << "handles of private objects die with the login";
  EXPECT_EQ(0U, comparisons(*ours_)) << "nobody asked for another";
  EXPECT_EQ(CKR_OK, log_in_user());
  EXPECT_EQ(CKR_OK, sign(private_key()));
}

TEST_P(EachFamily, ALogoutThatTheCardRefusesStillClosesIt) {
  ASSERT_EQ(CKR_OK, log_in_user());
  ours_->intercept([](BytesView) -> std::optional<Bytes> { return Bytes{0x6F, 0x00}; });
  EXPECT_EQ(CKR_OK, C_Logout(session_));
  ours_->intercept({});
  expect_nobody_logged_in();
}

// Neither logout nor reset works at this moment: the card's login is kept in mind until it is
// closed.
TEST_P(EachFamily, ALogoutThatFailsAltogetherIsMadeUpFor) {
  ASSERT_EQ(CKR_OK, log_in_user());
  ours_->intercept([](BytesView) -> std::optional<Bytes> { return Bytes{0x6F, 0x00}; });
  contacts_->refuse_resets(true);
  EXPECT_NE(CKR_OK, C_Logout(session_));
  ours_->intercept({});
  contacts_->refuse_resets(false);
  EXPECT_EQ(CKR_OK, C_CloseSession(session_));
  expect_nobody_logged_in();
}

TEST_P(EachFamily, TriesThatAnotherProgramSpendsAreSeen) {
  const CK_ULONG before = tries_left();
  if (before == CK_UNAVAILABLE_INFORMATION) GTEST_SKIP() << "the card does not tell them";
  apdu::Card card(readers_->connect(kReader));
  const auto token = open_token(card, ProfileSet::builtin());
  EXPECT_THROW(token->login(PinRole::kUser, SecureBytes(to_bytes("00000000"))), WrongPin);
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // longer than anything is believed
  EXPECT_EQ(before - 1, tries_left());
}

// A card that loses its power for a moment is not told by every reader.
TEST_P(EachFamily, AResetAmidASignatureIsNoWrongHandle) {
  ASSERT_EQ(CKR_OK, log_in_user());
  CK_OBJECT_HANDLE key = private_key();
  ASSERT_EQ(CKR_OK, sign(key));
  ours_->restart_count();
  ASSERT_EQ(CKR_OK, sign(key));
  const std::size_t commands = ours_->count();
  for (std::size_t at = 1; at <= commands; ++at) {
    SCOPED_TRACE(at);
    std::size_t count = 0;
    ours_->intercept([&](BytesView) -> std::optional<Bytes> {
      if (++count == at) ours_->reset();
      return std::nullopt;
    });
    const CK_RV rv = sign(key);
    EXPECT_NE(CKR_OBJECT_HANDLE_INVALID, rv);
    EXPECT_NE(CKR_KEY_HANDLE_INVALID, rv);
    ours_->intercept({});
    C_Logout(session_);
    ASSERT_EQ(CKR_OK, log_in_user());
    key = private_key();
    ASSERT_EQ(CKR_OK, sign(key));
  }
}

// Whatever the card says of a PIN, it is asked once: what is not understood costs no further try.
TEST_P(EachFamily, OnePinIsComparedOnceWhateverTheCardSays) {
  for (const unsigned sw : {0x6700U, 0x6C00U, 0x6C08U, 0x6982U, 0x6985U, 0x6A80U, 0x6A86U, 0x6A88U,
                            0x6B00U, 0x6D00U, 0x6E00U, 0x6F00U, 0x6581U, 0x63C0U, 0x6200U, 0U}) {
    SCOPED_TRACE(to_hex(write_be(sw, 2)));
    ours_->intercept([&](BytesView command) -> std::optional<Bytes> {
      if (!compares(command)) return std::nullopt;
      return write_be(sw, 2);
    });
    ours_->restart_count();
    EXPECT_NE(CKR_OK, log_in_user());
    EXPECT_GE(1U, comparisons(*ours_));
    if (sw == 0x6700) EXPECT_EQ(1U, comparisons(*ours_)) << "it was asked at all";
  }
}

INSTANTIATE_TEST_SUITE_P(Cards, EachFamily, testing::ValuesIn(kFamilies), family_name);

}  // namespace
}  // namespace kilt::test
