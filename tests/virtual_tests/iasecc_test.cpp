// The IAS-ECC-like card: rules of its objects, both ways to sign.
#include <gmock/gmock.h>

#include "tests/virtual_tests/iso_exchange.h"

namespace kilt::test {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

const std::string kVerify = "0020000106313233343536", kWrong = "0020000106303030303030";

struct Ias : Exchange {
  explicit Ias(const Settings& settings = {}) : Exchange("iasecc", settings) {}
  Bytes modulus(char number) {
    EXPECT_EQ(all(fmt::format("00CB3FFF0D4D0B7009BFA00{}057F4902810000", number)), "9000");
    return data().size() == 275 ? Bytes(data().end() - 256, data().end()) : Bytes();
  }
  std::string authenticate(const Bytes& info) {
    return all(fmt::format("00880000{:02X}{}00", info.size(), to_hex(info)));
  }
};

TEST(IasEcc, IsFoundByItsNames) {
  Ias card;
  EXPECT_EQ(to_hex(card.card().atr()), "3B860149415353494D8B");
  EXPECT_EQ(card.all("00A404000FA0000000770108000700FE0000010000"), "9000");
  EXPECT_EQ(card.all("00A404000CA000000063504B43532D313500"), "9000");
  EXPECT_EQ(card.all("00A40000023F0000"), "9000");
  EXPECT_EQ(card.all("00B09C0000"), "9000");
  EXPECT_TRUE(card.hex().starts_with("5A0A9250"));
  EXPECT_EQ(card.all("00B09D0004"), "9000");
  EXPECT_EQ(card.hex(), "4301B846");
  EXPECT_EQ(card.all("00B09F0004"), "6A82");

  Ias other(Settings{{"aid", "16"}, {"pkcs15-aid", "no"}});
  EXPECT_EQ(other.all("00A404000FA0000000770108000700FE0000010000"), "6A82");
  EXPECT_EQ(other.all("00A4040010A000000077010800070000FE0000010000"), "9000");
  EXPECT_EQ(other.all("00A404000CA000000063504B43532D313500"), "6A82");
  EXPECT_EQ(other.all("00A408000450155031"
                      "00"),
            "9000");
}

TEST(IasEcc, PinPukAndCounters) {
  Ias card;
  EXPECT_EQ(card.one("00200001"), "63C3");
  EXPECT_EQ(card.one(kWrong), "63C2");
  EXPECT_EQ(card.all("00CB3FFF0A4D087006BF810102A08000"), "9000");
  EXPECT_NE(card.hex().find("9A01039B0102"), std::string::npos);
  EXPECT_EQ(card.one(kVerify), "9000");
  EXPECT_EQ(card.one("002400010C313233343536363534333231"), "9000");
  EXPECT_EQ(card.one("0024000109363534333231313131"), "6A80");
  for (const char* left : {"63C2", "63C1", "63C0", "6983"}) EXPECT_EQ(card.one(kVerify), left);
  EXPECT_EQ(card.one("002C020106313233343536"), "6982");
  EXPECT_EQ(card.one("00200002083030303030303030"), "63C2");
  EXPECT_EQ(card.one("00200002083635343332313030"), "9000");
  EXPECT_EQ(card.one("002C0301"), "9000");
  EXPECT_EQ(card.one("00200001"), "63C3");
  EXPECT_EQ(card.one("002C020106313233343536"), "9000");
  EXPECT_EQ(card.one(kVerify), "9000");
}

TEST(IasEcc, SignsDigestInfoByInternalAuthenticate) {
  Ias card;
  const Bytes modulus = card.modulus('1'), info = digest_info_sha256("text");
  EXPECT_EQ(card.authenticate(info), "6985");
  EXPECT_EQ(card.one("002241A406840101800102"), "6A80");
  EXPECT_EQ(card.one("002241A406840181800102"), "9000");
  EXPECT_EQ(card.authenticate(info), "6982");
  EXPECT_EQ(card.one(kVerify), "9000");
  EXPECT_EQ(card.authenticate(info), "9000");
  EXPECT_EQ(opened(card.data(), modulus), padded(info, 256));
  EXPECT_EQ(card.authenticate(Bytes(103, 0x01)), "6700");
  EXPECT_EQ(card.one("002241A406840184800102"), "9000");
  EXPECT_EQ(card.authenticate(info), "6A88");
}

TEST(IasEcc, SignsAHashByPso) {
  Ias card;
  const Bytes modulus = card.modulus('2'), info = digest_info_sha256("text");
  EXPECT_EQ(card.one(kVerify), "9000");
  EXPECT_EQ(card.one("002A90A002"
                     "9000"),
            "6985");
  EXPECT_EQ(card.one("002241AA03800140"), "9000");
  EXPECT_EQ(card.one("002241B606840182800142"), "9000");
  EXPECT_EQ(card.all("002A9E9A00"), "6985");
  EXPECT_EQ(card.one("002A90A0089000"
                     "8004"
                     "74657874"),
            "9000");
  EXPECT_EQ(card.all("002A9E9A00"), "9000");
  EXPECT_EQ(opened(card.data(), modulus), padded(info, 256));
  EXPECT_EQ(card.all("002A9E9A00"), "6985");
  EXPECT_EQ(card.one("002A90A0229020" + to_hex(Bytes(info.end() - 32, info.end()))), "9000");
  EXPECT_EQ(card.all("002A9E9A00"), "9000");
  EXPECT_EQ(opened(card.data(), modulus), padded(info, 256));

  Ias internal(Settings{{"sign", "internal"}});
  EXPECT_EQ(internal.one("002A90A0029000"), "6A81");
}

TEST(IasEcc, MakesAKeyAndDeciphersWithIt) {
  Ias card;
  EXPECT_EQ(card.all("00CB3FFF0D4D0B7009BFA003057F4902810000"), "6A80");
  EXPECT_EQ(card.all("00470000057003BF900300"), "6982");
  EXPECT_EQ(card.one(kVerify), "9000");
  EXPECT_EQ(card.one("00DB3FFF0E"
                     "700C"
                     "BFA00308"
                     "7F4905"
                     "8203010001"),
            "9000");
  EXPECT_EQ(card.one("00DB3FFF0C"
                     "700A"
                     "BFA00306"
                     "7F4903"
                     "820103"),
            "6A80");
  EXPECT_EQ(card.all("00470000057003BF900300"), "9000");
  EXPECT_TRUE(card.hex().starts_with("7F4982010981820100"));
  const Bytes modulus = card.modulus('3');
  Bytes block(256, 0x5A);
  block[0] = 0x00;
  block[1] = 0x02;
  block[253] = 0x00;
  block[254] = 'o';
  block[255] = 'k';
  Bytes cryptogram = opened(block, modulus);
  cryptogram.insert(cryptogram.begin(), 0x81);
  EXPECT_EQ(card.one("002241B80684018380011A"), "9000");
  EXPECT_EQ(card.chained("002A8086", cryptogram), "9000");
  EXPECT_EQ(card.hex(), "6F6B");

  Ias next;
  next.card().load(nlohmann::json::parse(card.card().save().dump()));
  EXPECT_EQ(next.modulus('3'), modulus);
}

TEST(IasEcc, SurvivesNonsense) {
  Ias card;
  EXPECT_EQ(card.one(kVerify), "9000");
  const std::vector<std::string> nonsense{"00CB3FFF044D027000",
                                          "00CB3FFF084D067004BF8101FF",
                                          "00CB3FFF084D067004BFFF0100",
                                          "00DB3FFF027000",
                                          "0047000002700000",
                                          "002241B603840181",
                                          "002A90A003900500",
                                          "002A8086",
                                          "00880000",
                                          "00A409000300010200",
                                          "00B09D0100FF"};
  for (const std::string& one : nonsense) EXPECT_NE(card.one(one), "9000") << one;
}

}  // namespace
}  // namespace kilt::test
