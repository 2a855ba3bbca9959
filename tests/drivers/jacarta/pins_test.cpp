// PINs: login, counters, change, unblocking, in both personalities.
#include "drivers/errors.h"
#include "tests/drivers/jacarta/token_rig.h"

namespace kilt::jacarta::test {
namespace {

class PinsOf : public BothPersonalities {
 protected:
  unsigned tries(PinRole role = PinRole::kUser) {
    return token().pin_status(role).tries_left.value_or(99);
  }
  void fail_login(const std::string& wrong = "000000") {
    EXPECT_ANY_THROW(token().login(PinRole::kUser, pin(wrong)));
  }
};
INSTANTIATE_TEST_SUITE_P(Jacarta, PinsOf, ::testing::Values("aladdin", "athena"));

TEST_P(PinsOf, LoginIsThreeCommandsAndOneVerify) {
  rig_->restart_count();
  rig_->log_in();
  EXPECT_EQ(3U, rig_->count());  // SELECT, GET CHALLENGE, VERIFY
  EXPECT_EQ(1U, rig_->counter->count_ins(0x20));
}

TEST_P(PinsOf, NoPinGoesOverTheWire) {
  rig_->restart_count();
  rig_->log_in();
  const std::string needle = to_hex(to_bytes(kUserPin));
  for (const Bytes& command : rig_->counter->commands())
    EXPECT_EQ(std::string::npos, to_hex(command).find(needle));
}

TEST_P(PinsOf, WrongPinIsCounted) {
  const unsigned before = tries();
  ASSERT_EQ(10U, before);
  EXPECT_EQ(10U, token().pin_status(PinRole::kUser).tries_max);
  try {
    token().login(PinRole::kUser, pin("000000"));
    FAIL();
  } catch (const WrongPin& wrong) {
    EXPECT_EQ(before - 1, wrong.tries_left());
  }
  EXPECT_EQ(before - 1, tries());
  rig_->log_in();
  EXPECT_EQ(before, tries()) << "success restores the counter";
}

TEST_P(PinsOf, StatusSpendsNoTry) {
  rig_->restart_count();
  for (int i = 0; i < 20; ++i) rig_->token->reset_state(), token().pin_status(PinRole::kUser);
  EXPECT_EQ(0U, rig_->counter->count_ins(0x20));
  EXPECT_EQ(10U, tries());
}

TEST_P(PinsOf, EmptyAndOverlongPinsNeverReachTheToken) {
  rig_->restart_count();
  EXPECT_THROW(token().login(PinRole::kUser, SecureBytes()), PinLength);
  EXPECT_THROW(token().login(PinRole::kUser, pin(std::string(17, '1'))), PinLength);
  EXPECT_EQ(0U, rig_->count());
}

TEST_P(PinsOf, BlockedAndUnblocked) {
  for (int i = 0; i < 10; ++i) fail_login();
  EXPECT_THROW(rig_->log_in(), PinBlocked);
  EXPECT_TRUE(token().pin_status(PinRole::kUser).blocked);
  EXPECT_EQ(0U, tries());
  EXPECT_THROW(token().change_pin(PinRole::kUser, pin(kUserPin), pin("112233")), PinBlocked);
  EXPECT_ANY_THROW(token().init_user_pin(pin("998877"))) << "the SO must be logged in";
  token().login(PinRole::kSo, pin(kSoPin));
  token().init_user_pin(pin("998877"));
  token().logout();
  EXPECT_EQ(10U, tries());
  EXPECT_THROW(rig_->log_in(), WrongPin);
  token().login(PinRole::kUser, pin("998877"));
}

TEST_P(PinsOf, Change) {
  EXPECT_THROW(token().change_pin(PinRole::kUser, pin("000000"), pin("445566")), WrongPin);
  token().change_pin(PinRole::kUser, pin(kUserPin), pin("445566"));
  EXPECT_THROW(rig_->log_in(), WrongPin);
  token().login(PinRole::kUser, pin("445566"));
  token().change_pin(PinRole::kUser, pin("445566"), pin(kUserPin));
  rig_->restart();
  rig_->log_in();
}

TEST_P(PinsOf, ChangeOfTheSoPin) {
  token().change_pin(PinRole::kSo, pin(kSoPin), pin("87651234"));
  EXPECT_THROW(token().login(PinRole::kSo, pin(kSoPin)), WrongPin);
  token().login(PinRole::kSo, pin("87651234"));
}

TEST_P(PinsOf, BadNewPinCostsNothing) {
  rig_->restart_count();
  EXPECT_THROW(token().change_pin(PinRole::kUser, pin(kUserPin), pin("123")), PinLength);
  EXPECT_THROW(token().change_pin(PinRole::kUser, pin(kUserPin), pin(std::string(17, '1'))),
               PinLength);
  EXPECT_THROW(token().change_pin(PinRole::kUser, pin(kUserPin), SecureBytes()), PinLength);
  EXPECT_EQ(0U, rig_->counter->count_ins(0x20));
}

TEST_P(PinsOf, NewPinIsWrapped) {
  rig_->restart_count();
  token().change_pin(PinRole::kUser, pin(kUserPin), pin("445566"));
  unsigned wrapped = 0;
  for (const Bytes& command : rig_->counter->commands()) {
    EXPECT_EQ(std::string::npos, to_hex(command).find(to_hex(to_bytes("445566"))));
    if (command[1] == 0x24) {
      EXPECT_EQ(0x8C, command[0]);
      ++wrapped;
    }
  }
  EXPECT_EQ(1U, wrapped);
}

TEST_P(PinsOf, ChangeIsToldToOtherPrograms) {
  const auto freshness = [&] {
    EXPECT_TRUE(ok(rig_->transmit("80A4080008 3F00 3000 3003 4001")));
    return rig_->transmit("00B0000301")[0];
  };
  const Byte before = freshness();
  token().change_pin(PinRole::kUser, pin(kUserPin), pin("445566"));
  EXPECT_EQ(before + 1, freshness());
}

TEST_P(PinsOf, LogoutClosesTheCardsState) {
  rig_->log_in();
  token().logout();
  // 3002 lets only the user create.
  EXPECT_TRUE(ok(rig_->transmit("80A4080006 3F00 3000 3002")));
  EXPECT_FALSE(
      ok(rig_->transmit("00E0010017 6215 8A0104 83020640 8002000A 8608 0020002000200020")));
  rig_->log_in();
  EXPECT_TRUE(ok(rig_->transmit("80A4080006 3F00 3000 3002")));
  EXPECT_TRUE(ok(rig_->transmit("00E0010017 6215 8A0104 83020640 8002000A 8608 0020002000200020")));
}

TEST_P(PinsOf, ResetEndsTheLogin) {
  rig_->log_in();
  rig_->virtual_card->reset();
  token().reset_state();
  EXPECT_TRUE(token().list().keys.empty()) << "the applet is selected again";
  DataObject object;
  EXPECT_THROW(token().write_data(object, to_bytes("x")), NotLoggedIn);
  rig_->log_in();
  EXPECT_NO_THROW(token().write_data(object, to_bytes("x")));
}

TEST(Pins, OtherReadingsOfThePublicFacts) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"last-try", "6983"},
                                                        {"try-byte", "left-max"},
                                                        {"pin-class", "shown"},
                                                        {"challenge", "until-used"},
                                                        {"applet", "preselected"}}) {
    SCOPED_TRACE(name);
    Rig rig("aladdin", {{name, value}});
    Token& token = *rig.token;
    EXPECT_EQ(10U, token.pin_status(PinRole::kUser).tries_left);
    for (int i = 0; i < 10; ++i) EXPECT_ANY_THROW(token.login(PinRole::kUser, pin("000000")));
    EXPECT_THROW(token.login(PinRole::kUser, pin(kUserPin)), PinBlocked);
    token.login(PinRole::kSo, pin(kSoPin));
    token.init_user_pin(pin(kUserPin));
    token.logout();
    rig.log_in();
  }
}

TEST(Pins, WithoutAChannelThePinIsNotSentInClear) {
  Rig rig;
  rig.counter->intercept([](BytesView command) -> std::optional<Bytes> {
    if (command.size() > 3 && command[1] == 0x48 && command[3] == 0x80) return Bytes{0x6A, 0x81};
    return std::nullopt;
  });
  EXPECT_THROW(rig.token->change_pin(PinRole::kUser, pin(kUserPin), pin("445566")), NotSupported);
  EXPECT_EQ(0U, rig.counter->count_ins(0x24));
}

TEST(Pins, TooSmallAGroupIsRefused) {
  Rig rig("aladdin", {{"dh-group", "oakley1"}});
  EXPECT_THROW(rig.token->change_pin(PinRole::kUser, pin(kUserPin), pin("445566")),
               MalformedAnswer);
  EXPECT_EQ(0U, rig.counter->count_ins(0x24));
}

}  // namespace
}  // namespace kilt::jacarta::test
