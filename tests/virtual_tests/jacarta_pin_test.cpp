// PINs, access rules and secure messaging of the virtual JaCarta.
#include <gmock/gmock.h>

#include "tests/virtual/jacarta/crypto.h"
#include "tests/virtual/jacarta/tlv.h"
#include "tests/virtual_tests/jacarta_host.h"

namespace kilt::vtoken::jacarta {
namespace {

class JacartaPin : public testing::Test {
 protected:
  JacartaPin() { host.select_applet(); }
  void be(const std::string& key, const std::string& value) {
    card.set(key, value);
    host.select_applet();
  }
  /// Byte 4 of tag 85: tries left and maximum.
  unsigned counter(const std::string& pin) {
    const auto outer = parse_tlvs(host.information(pin));
    return find(*parse_tlvs(outer->front().value), 0x85)->value.at(4);
  }

  Laser card;
  Host host{card};
};

TEST_F(JacartaPin, WrongOnesCountDownAndBlock) {
  for (unsigned left = 9; left > 0; --left) {
    EXPECT_EQ(host.login("0020", "99999999"), 0x63C0U | left);
    EXPECT_EQ(counter("0020"), (left << 4) | 0x0AU);
  }
  EXPECT_EQ(host.login("0020", "99999999"), 0x63C0U);
  EXPECT_EQ(host.login("0020", "11111111"), kBlocked);
  EXPECT_EQ(counter("0020"), 0x0AU);
  ASSERT_EQ(host.login("0010", "00000000"), kOk);
  host.select("0020");
  EXPECT_EQ(host.send("802C0000"), kOk);
  EXPECT_EQ(counter("0020"), 0xAAU);
  EXPECT_EQ(host.login("0020", "11111111"), kOk);
}

TEST_F(JacartaPin, UnblockingNeedsTheSecurityOfficerAndIsCounted) {
  host.select("0020");
  EXPECT_EQ(host.send("802C0000"), kDenied);
  ASSERT_EQ(host.login("0020", "11111111"), kOk);
  EXPECT_EQ(host.send("802C0000"), kDenied);
  ASSERT_EQ(host.login("0010", "00000000"), kOk);
  EXPECT_EQ(host.send("802C0000"), kDenied) << "the officer's own PIN is never unblocked";
  host.select("0020");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(host.send("802C0000"), kOk);
  EXPECT_EQ(host.send("802C0000"), kBlocked);
}

TEST_F(JacartaPin, AQuestionSpendsNothing) {
  host.select("0020");
  EXPECT_EQ(host.send("00200000"), 0x63CAU);
  ASSERT_EQ(host.login("0020", "11111111"), kOk);
  EXPECT_EQ(host.send("00200000"), kOk);
}

TEST_F(JacartaPin, ASuccessRestoresTheTries) {
  EXPECT_EQ(host.login("0020", "2222"), 0x63C9U);
  EXPECT_EQ(host.login("0020", "11111111"), kOk);
  EXPECT_EQ(counter("0020"), 0xAAU);
}

TEST_F(JacartaPin, AChallengeServesOnce) {
  const std::string cryptogram = "8020000010C647D83E8FABCCC121BEF44A096FB408";
  host.select("0020");
  EXPECT_EQ(host.send(cryptogram), kConditions) << "without a challenge";
  card.set("random", "A0A1A2A3A4A5A6A7");
  host.send("0084000008");
  EXPECT_EQ(host.send(cryptogram), kOk);
  EXPECT_EQ(host.send(cryptogram), kConditions);
  card.set("random", "A0A1A2A3A4A5A6A7");
  host.send("0084000008");
  host.select("0020");
  EXPECT_EQ(host.send(cryptogram), kConditions) << "another command in between";
  card.set("challenge", "until-used");
  card.set("random", "A0A1A2A3A4A5A6A7");
  host.send("0084000008");
  host.select("0020");
  EXPECT_EQ(host.send(cryptogram), kOk);
}

TEST_F(JacartaPin, PlainVerify) {
  host.select("0002");
  EXPECT_EQ(host.send("0020000006"
                      "4C415345522B"),
            kOk);
  host.select("0020");
  EXPECT_EQ(host.send("0020000008"
                      "3939393939393939"),
            0x63C9U);
  EXPECT_EQ(host.send("0020000008"
                      "3131313131313131"),
            kOk);
  card.set("plain-verify", "transport");
  EXPECT_EQ(host.send("0020000008"
                      "3131313131313131"),
            kConditions);
}

TEST_F(JacartaPin, LogoutResetAndAppletSelectionEndTheLogin) {
  const auto logged_in = [&] {
    host.select("3000B000");  // UserHist: officer or user reads
    return host.send("00B000001A") == kOk;
  };
  EXPECT_FALSE(logged_in());
  host.login("0020", "11111111");
  EXPECT_TRUE(logged_in());
  EXPECT_EQ(host.send("802800000400000010"), kOk);
  EXPECT_TRUE(logged_in()) << "another PIN's logout";
  EXPECT_EQ(host.send("802800000400000020"), kOk);
  EXPECT_FALSE(logged_in());
  host.login("0010", "00000000");
  EXPECT_TRUE(logged_in());
  EXPECT_EQ(host.send("8028FFFF"), kOk);
  EXPECT_FALSE(logged_in());
  host.login("0020", "11111111");
  host.select_applet();
  EXPECT_FALSE(logged_in());
  card.set("applet-select", "keeps");
  host.login("0020", "11111111");
  host.select_applet();
  EXPECT_TRUE(logged_in());
  card.reset();
  EXPECT_EQ(host.select("3000B000"), kNoClass) << "no applet is selected";
  host.select_applet();
  EXPECT_FALSE(logged_in());
}

TEST_F(JacartaPin, ChangeNeedsALogin) {
  host.select("0020");
  EXPECT_EQ(host.send("802400000A"
                      "62088106313233343536"),
            kDenied);
  ASSERT_EQ(host.login("0020", "11111111"), kOk);
  EXPECT_EQ(host.send("8024000007"
                      "62058103313233"),
            kBadData)
      << "too short";
  EXPECT_EQ(host.send("802400000A"
                      "62088106313233343536"),
            kOk);
  EXPECT_EQ(host.login("0020", "11111111"), 0x63C9U);
  EXPECT_EQ(host.login("0020", "123456"), kOk);
  ASSERT_EQ(host.login("0010", "00000000"), kOk);
  host.select("0020");
  EXPECT_EQ(host.send("802400000A"
                      "62088106363534333231"),
            kOk)
      << "by the officer";
  EXPECT_EQ(host.login("0020", "654321"), kOk);
}

TEST_F(JacartaPin, AthenaWantsTheChangeWrapped) {
  be("personality", "athena");
  ASSERT_EQ(host.login("0020", "11111111"), kOk);
  EXPECT_EQ(host.send("802400000A"
                      "62088106313233343536"),
            kDenied);
  host.open_channel();
  EXPECT_EQ(host.secure("802400000A"
                        "62088106313233343536"),
            kOk);
  EXPECT_EQ(host.send("8086FFFF"), kOk);
  EXPECT_EQ(host.login("0020", "123456"), kOk);
  card.set("secure-rules", "ignored");
  EXPECT_EQ(host.send("802400000A"
                      "62088106363534333231"),
            kOk);
}

TEST_F(JacartaPin, ChannelOverEveryGroup) {
  for (const char* group : {"idprotect", "oakley2", "oakley1"}) {
    card.set("dh-group", group);
    ASSERT_EQ(host.login("0020", "11111111"), kOk);
    host.open_channel();
    EXPECT_EQ(host.secure("802400000C"
                          "620A81083131313131313131"),
              kOk)
        << group;
    EXPECT_EQ(host.secure("80CB011400"), kOk);
    EXPECT_THAT(host.data(), testing::SizeIs(8));
    EXPECT_EQ(host.secure("80A40800043F009999"), kNotFound);
    EXPECT_EQ(host.secure("802C0000"), kDenied) << "a command without any data";
    EXPECT_EQ(host.send("80CB011400"), kOk) << "plain commands work beside it";
    EXPECT_EQ(host.send("8086FFFF"), kOk);
    EXPECT_EQ(host.secure("80CB011400"), kBadSecure);
  }
}

TEST_F(JacartaPin, AWrongMacClosesTheChannel) {
  host.open_channel();
  EXPECT_EQ(host.secure("80CB011400", true), kBadSecure);
  EXPECT_EQ(host.secure("80CB011400"), kBadSecure);
  host.open_channel();
  EXPECT_EQ(host.send("8CCB01140D"
                      "970100"
                      "8E080000000000000000"
                      "00"),
            kBadSecure);
  host.open_channel();
  EXPECT_EQ(host.send("8CCB011403"
                      "970100"
                      "00"),
            kBadSecure)
      << "no MAC at all";
}

TEST_F(JacartaPin, SpoiltAnswersOnRequest) {
  const auto answer = [&](const char* how) {
    card.set("secure-answer", how);
    card.set("dh-group", "idprotect");
    card.set("random", std::string(64, '0'));
    // The host's value 0 makes the secret 0: all keys are zero.
    host.send("8086000080" + std::string(256, '0') + "00");
    Bytes header = unhex("8CCB0114800000009701008000000000");
    Bytes counted = unhex("0000000000000001");
    append(counted, header);
    Bytes command = unhex("8CCB01140D9701008E08");
    append(command, retail_mac(Bytes(16, 0), counted));
    command.push_back(0x00);
    EXPECT_EQ(host.send(command), kOk);
    return hex(host.data());
  };
  const std::string right = answer("right");
  EXPECT_THAT(right, testing::ContainsRegex("^8711.*990290008E08................$"));
  EXPECT_EQ(answer("no-mac"), right.substr(0, right.size() - 20));
  EXPECT_EQ(answer("double-mac"), right + right.substr(right.size() - 20));
  EXPECT_NE(answer("bad-mac"), right);
  EXPECT_THAT(answer("plain"), testing::SizeIs(16));
}

TEST_F(JacartaPin, LongAnswersUnderTheChannel) {
  host.open_channel();
  ASSERT_EQ(host.secure("80A40800083F0030003001867F"), kOk);
  EXPECT_EQ(host.secure("00B0000000"), 0x6100U);
  EXPECT_THAT(host.data(), testing::SizeIs(256));
}

TEST_F(JacartaPin, TicketUnderTheChannel) {
  be("personality", "athena");
  host.open_channel();
  ASSERT_EQ(host.secure("80A40800043F000010"), kOk);
  EXPECT_EQ(host.secure("0020020008"
                        "3030303030303030"
                        "00"),
            kOk);
  EXPECT_THAT(host.data(), testing::SizeIs(16));
  EXPECT_EQ(host.secure("0020020004"
                        "30303030"
                        "00"),
            0x63CEU)
      << "15 tries";
}

TEST_F(JacartaPin, WhoMayDoWhat) {
  const auto create_in = [&](const std::string& folder) {
    host.select(folder);
    return host.send(
        "00E0010017"
        "62158A0104830206008002001086080000000000000000");
  };
  EXPECT_EQ(create_in("3000"), kDenied);
  EXPECT_EQ(create_in("30003002"), kDenied);
  EXPECT_EQ(create_in("30003001"), kOk);
  EXPECT_EQ(create_in("30003001"), kExists);
  host.login("0020", "11111111");
  EXPECT_EQ(create_in("30003002"), kOk);
  EXPECT_EQ(create_in("30003003"), kOk) << "officer or user";
  EXPECT_EQ(create_in("3000"), kDenied);
  host.login("0010", "00000000");
  EXPECT_EQ(create_in("3000"), kOk);
  host.select("30003001");
  EXPECT_EQ(host.send("00E40100"), kOk) << "the officer deletes a folder with all in it";
  EXPECT_EQ(host.select("30003001867F"), kNotFound);
}

TEST_F(JacartaPin, ClosedMasterFile) {
  be("mf-rules", "closed");
  be("state", "blank");
  host.select("");
  EXPECT_EQ(host.send("00E0380017"
                      "62158A010483023000"
                      "860C000000000000000000000000"),
            kDenied);
  EXPECT_THROW(card.set("mf-rules", "ajar"), std::invalid_argument);
}

}  // namespace
}  // namespace kilt::vtoken::jacarta
