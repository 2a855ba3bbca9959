// No card, a card nobody knows, a card that does not answer, a reader that leaves.
#include "tests/support/kaztoken_test.h"
#include "tests/support/public_atrs.h"

namespace kilt::test {
namespace {

class Plain : public CardEndpoint {
 public:
  Plain(Bytes atr, Bytes answer) : atr_(std::move(atr)), answer_(std::move(answer)) {}
  [[nodiscard]] Bytes atr() const override { return atr_; }
  void reset() override {}
  Bytes transmit(BytesView) override {
    ++commands;
    return answer_;
  }
  std::size_t commands = 0;

 private:
  Bytes atr_, answer_;
};

class Presence : public ModuleTest {
 protected:
  static CK_RV token_info() {
    CK_TOKEN_INFO info{};
    return C_GetTokenInfo(0, &info);
  }
  static CK_RV open() {
    CK_SESSION_HANDLE session = 0;
    return C_OpenSession(0, CKF_SERIAL_SESSION, nullptr, nullptr, &session);
  }
};

TEST_F(Presence, EmptyReader) {
  EXPECT_EQ(1U, list_slots().size());
  EXPECT_EQ(0U, list_slots(true).size());
  EXPECT_EQ(CKR_TOKEN_NOT_PRESENT, token_info());
  EXPECT_EQ(CKR_TOKEN_NOT_PRESENT, open());
  CK_ULONG count = 0;
  EXPECT_EQ(CKR_TOKEN_NOT_PRESENT, C_GetMechanismList(0, nullptr, &count));
  std::string pin = "12345678", label(32, ' ');
  EXPECT_EQ(CKR_TOKEN_NOT_PRESENT, C_InitToken(0, chars(pin), pin.size(), chars(label)));
}

TEST_F(Presence, UnknownCardIsAskedOnceAndRemembered) {
  const auto stranger = std::make_shared<Plain>(
      from_hex("3B 8A 80 01 00 31 C1 73 C8 40 00 00 90 00 90"), Bytes{0x6A, 0x82});
  readers_->insert(kReader, stranger);
  list_slots();
  EXPECT_EQ(1U, list_slots(true).size()) << "a card is there";
  EXPECT_EQ(CKR_TOKEN_NOT_RECOGNIZED, token_info());
  const auto commands = stranger->commands;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(CKR_TOKEN_NOT_RECOGNIZED, token_info());
    EXPECT_EQ(CKR_TOKEN_NOT_RECOGNIZED, open());
  }
  EXPECT_EQ(commands, stranger->commands);
  insert("kaztoken");
  EXPECT_EQ(CKR_OK, open()) << "another card is asked anew";
}

// 6982, 6983 and 63C3 to a SELECT are no news of a PIN, and no reason to ask again.
TEST_F(Presence, AnUnknownCardsRefusalIsNoPinProblem) {
  for (const Bytes& answer :
       {Bytes{0x69, 0x82}, Bytes{0x69, 0x83}, Bytes{0x63, 0xC3}, Bytes{0x69, 0x85},
        Bytes{0x67, 0x00}, Bytes{0x6F, 0x00}, Bytes{0x61, 0xFF}, Bytes{0x90, 0x00}}) {
    const auto stranger =
        std::make_shared<Plain>(from_hex("3B 8A 80 01 00 31 C1 73 C8 40 00 00 90 00 90"), answer);
    readers_->insert(kReader, stranger);
    list_slots();
    EXPECT_EQ(CKR_TOKEN_NOT_RECOGNIZED, token_info()) << to_hex(answer);
    const auto commands = stranger->commands;
    EXPECT_LE(commands, 14U) << to_hex(answer);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(CKR_TOKEN_NOT_RECOGNIZED, token_info());
    EXPECT_EQ(commands, stranger->commands) << to_hex(answer);
  }
}

TEST_F(Presence, NoStrangerOfThePublicListIsAskedAgain) {
  std::size_t strangers = 0;
  for (const auto& [family, atr] : public_atrs()) {
    if (family != "-") continue;
    ++strangers;
    for (const Bytes& answer :
         {Bytes{0x6A, 0x82}, Bytes{0x69, 0x82}, Bytes{0x90, 0x00}, Bytes{0x6F, 0x00}}) {
      const auto stranger = std::make_shared<Plain>(atr, answer);
      readers_->insert(kReader, stranger);
      list_slots();
      ASSERT_EQ(CKR_TOKEN_NOT_RECOGNIZED, token_info()) << to_hex(atr) << ", " << to_hex(answer);
      const auto commands = stranger->commands;
      for (int i = 0; i < 5; ++i) {
        list_slots(true);
        ASSERT_EQ(CKR_TOKEN_NOT_RECOGNIZED, token_info());
        ASSERT_EQ(CKR_TOKEN_NOT_RECOGNIZED, open());
      }
      EXPECT_EQ(commands, stranger->commands) << to_hex(atr) << ", " << to_hex(answer);
    }
  }
  EXPECT_GE(strangers, 300U);
}

TEST_F(Presence, KnownAtrOnAnotherCard) {
  // The ATR promises a Kaztoken, the card knows no command.
  for (const Bytes& answer :
       {Bytes{0x6D, 0x00}, Bytes{0x6A, 0x82}, Bytes{0x90, 0x00}, Bytes{}, Bytes{0x61, 0xFF}}) {
    const auto card =
        std::make_shared<Plain>(from_hex("3B 88 01 4B 41 5A 54 4F 4B 45 4E 82"), answer);
    readers_->insert(kReader, card);
    list_slots();
    EXPECT_NE(CKR_OK, token_info()) << to_hex(answer);
    EXPECT_LE(card->commands, 2000U) << to_hex(answer);
  }
}

TEST_F(Presence, MuteCard) {
  readers_->insert(kReader, std::make_shared<Plain>(Bytes{}, Bytes{}));
  list_slots();
  EXPECT_EQ(1U, list_slots(true).size());
  EXPECT_EQ(CKR_TOKEN_NOT_RECOGNIZED, token_info());
  EXPECT_EQ(CKR_TOKEN_NOT_RECOGNIZED, open());
}

TEST_F(Presence, CardWithoutAnswers) {
  const auto card =
      std::make_shared<Plain>(from_hex("3B 88 01 4B 41 5A 54 4F 4B 45 4E 82"), Bytes{});
  readers_->insert(kReader, card);
  list_slots();
  EXPECT_EQ(CKR_TOKEN_NOT_RECOGNIZED, token_info());
}

TEST_F(Presence, ReaderLeavesAndReturns) {
  insert("kaztoken");
  const CK_SESSION_HANDLE session = open_session();
  readers_->remove_reader(kReader);
  CK_SLOT_INFO info{};
  EXPECT_EQ(CKR_OK, C_GetSlotInfo(0, &info));
  EXPECT_EQ(0U, info.flags & CKF_TOKEN_PRESENT);
  CK_SESSION_INFO session_info{};
  EXPECT_NE(CKR_OK, C_GetSessionInfo(session, &session_info));
  EXPECT_EQ(1U, list_slots().size()) << "a slot stays for the life of the process";
  readers_->add_reader(kReader);
  insert("kaztoken");
  EXPECT_EQ(1U, list_slots().size());
  EXPECT_EQ(CKR_OK, open());
  EXPECT_NE(CKR_OK, C_GetSessionInfo(session, &session_info)) << "but the session does not return";
}

}  // namespace
}  // namespace kilt::test
