// PINs: exactly one VERIFY per login, and no try spent that nobody asked for.
#include <gtest/gtest.h>

#include "tests/support/driver_rig.h"

namespace kilt {
namespace {

using test::pin;

/// A token as the vendor's software leaves it: user 12345678 with 5 tries, SO 87654321 with 10.
class KaztokenPins : public ::testing::Test {
 protected:
  KaztokenPins() : rig_("kaztoken") {
    rig_.virtual_card->card().set("layout", "vendor");
    rig_.open();
  }
  Token& token() { return *rig_.token; }
  /// VERIFY commands that carry a PIN.
  [[nodiscard]] std::size_t verifies() const {
    std::size_t count = 0;
    for (const Bytes& command : rig_.counter->commands())
      if (command[1] == 0x20 && command.size() > 5) ++count;
    return count;
  }
  /// As a new connection sees it.
  unsigned tries(PinRole role = PinRole::kUser) {
    DriverRig fresh_view(rig_);
    return fresh_view.tries(role);
  }
  struct DriverRig {
    explicit DriverRig(test::DriverRig& rig)
        : card(rig.readers.connect("reader")), token(open_token(card, ProfileSet::builtin())) {}
    unsigned tries(PinRole role) { return token->pin_status(role).tries_left.value_or(99); }
    apdu::Card card;
    std::unique_ptr<Token> token;
  };

  test::DriverRig rig_;
};

TEST_F(KaztokenPins, RightPinIsOneCommand) {
  rig_.counter->restart_count();
  token().login(PinRole::kUser, pin("12345678"));
  EXPECT_EQ(1U, rig_.counter->count());
  EXPECT_EQ(5U, tries());
}

TEST_F(KaztokenPins, WrongPinSpendsOneTryAndTellsHowManyAreLeft) {
  for (unsigned left = 4; left > 0; --left) {
    rig_.counter->restart_count();
    try {
      token().login(PinRole::kUser, pin("00000000"));
      FAIL();
    } catch (const WrongPin& wrong) {
      EXPECT_EQ(left, wrong.tries_left());
    }
    EXPECT_EQ(1U, verifies());
    EXPECT_EQ(left, tries());
  }
  EXPECT_THROW(token().login(PinRole::kUser, pin("00000000")), Error);
  EXPECT_TRUE(token().pin_status(PinRole::kUser).blocked);
  rig_.counter->restart_count();
  EXPECT_THROW(token().login(PinRole::kUser, pin("12345678")), PinBlocked);
  EXPECT_EQ(1U, verifies()) << "asked for once, sent once";
  EXPECT_EQ(10U, tries(PinRole::kSo));
}

TEST_F(KaztokenPins, RightPinBringsTheTriesBack) {
  EXPECT_THROW(token().login(PinRole::kUser, pin("00000000")), WrongPin);
  token().login(PinRole::kUser, pin("12345678"));
  EXPECT_EQ(5U, tries());
}

TEST_F(KaztokenPins, EmptyAndOverlongPinsAreNeverSent) {
  rig_.counter->restart_count();
  EXPECT_THROW(token().login(PinRole::kUser, SecureBytes()), PinLength);
  EXPECT_THROW(token().login(PinRole::kUser, pin(std::string(250, '1'))), PinLength);
  EXPECT_THROW(token().login(PinRole::kUser, pin(std::string(70000, '1'))), PinLength);
  EXPECT_EQ(0U, rig_.counter->count());
  EXPECT_EQ(5U, tries());
}

TEST_F(KaztokenPins, PinBytesPassUnaltered) {
  const std::string odd("п\xD2\x9B\xFF\x01 x", 7);
  EXPECT_THROW(token().login(PinRole::kUser, pin(odd)), WrongPin);
  bool sent = false;
  for (const Bytes& command : rig_.counter->commands())
    sent = sent || (command[1] == 0x20 && command.size() > 5 &&
                    equal(BytesView(command).subspan(5), to_bytes(odd)));
  EXPECT_TRUE(sent);
}

TEST_F(KaztokenPins, SecondLoginComparesThePinAgain) {
  token().login(PinRole::kUser, pin("12345678"));
  EXPECT_THROW(token().login(PinRole::kUser, pin("00000000")), WrongPin);
  EXPECT_EQ(4U, tries());
}

TEST_F(KaztokenPins, StatusSpendsNothing) {
  for (int i = 0; i < 20; ++i) {
    rig_.open();
    EXPECT_EQ(5U, token().pin_status(PinRole::kUser).tries_left);
    EXPECT_EQ(10U, token().pin_status(PinRole::kSo).tries_left);
  }
  EXPECT_EQ(0U, verifies());
}

TEST_F(KaztokenPins, StatusOfAnOlderFirmware) {
  rig_.virtual_card->card().set("get-data", "serial");
  rig_.open();
  EXPECT_EQ(5U, token().pin_status(PinRole::kUser).tries_left);
  EXPECT_EQ(0U, verifies());
}

TEST_F(KaztokenPins, ChangeNeedsTheOldPinAndOneTry) {
  EXPECT_THROW(token().change_pin(PinRole::kUser, pin("00000000"), pin("11223344")), WrongPin);
  EXPECT_EQ(4U, tries());
  rig_.counter->restart_count();
  token().change_pin(PinRole::kUser, pin("12345678"), pin("11223344"));
  EXPECT_EQ(1U, verifies());
  EXPECT_THROW(token().login(PinRole::kUser, pin("12345678")), WrongPin);
  token().login(PinRole::kUser, pin("11223344"));
  EXPECT_EQ(5U, tries());
}

TEST_F(KaztokenPins, ImpossibleNewPinsCostNoTry) {
  rig_.counter->restart_count();
  EXPECT_THROW(token().change_pin(PinRole::kUser, pin("12345678"), SecureBytes()), PinLength);
  EXPECT_THROW(token().change_pin(PinRole::kUser, pin("12345678"), pin("1")), PinLength);
  EXPECT_THROW(token().change_pin(PinRole::kUser, pin("12345678"), pin(std::string(300, '1'))),
               PinLength);
  EXPECT_EQ(0U, verifies());
  EXPECT_EQ(5U, tries());
}

class KaztokenPinReadings : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(KaztokenPinReadings, LockOutUnderEachReading) {
  test::DriverRig rig("kaztoken");
  rig.virtual_card->card().set("layout", "vendor");
  rig.virtual_card->card().set(GetParam().first, GetParam().second);
  Token& token = rig.open();
  for (unsigned i = 0; i < 5; ++i)
    EXPECT_THROW(token.login(PinRole::kUser, pin("00000000")), Error) << i;
  EXPECT_TRUE(token.pin_status(PinRole::kUser).blocked);
  EXPECT_THROW(token.login(PinRole::kUser, pin("12345678")), PinBlocked);
  token.login(PinRole::kSo, pin("87654321"));
  token.init_user_pin(pin("12345678"));
  token.logout();
  token.login(PinRole::kUser, pin("12345678"));
}

INSTANTIATE_TEST_SUITE_P(
    Each, KaztokenPinReadings,
    ::testing::Values(std::pair("last-try", "6300"), std::pair("last-try", "6983"),
                      std::pair("login-check", "before"), std::pair("login-check", "after"),
                      std::pair("get-data", "serial"), std::pair("protocol", "t0")));

}  // namespace
}  // namespace kilt
