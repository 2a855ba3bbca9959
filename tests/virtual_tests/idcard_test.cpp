// The virtual ID card against the public record of real ones.
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "tests/support/paths.h"
#include "tests/virtual_tests/iso_exchange.h"

namespace kilt::test {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

const std::string kSelectMf = "00A4000C023F00", kSelectDf = "00A4000C020101";
const std::string kVerify = "00200002083132333430303030", kWrong = "00200002083939393930303030";

std::string get_key(char n) { return fmt::format("00CB3FFF0B4D09FFA00{}057F49028100", n); }
std::string generate(char n) { return fmt::format("0046020005A40384018{}00", n); }
std::string environment(char n) { return fmt::format("002241A40995014084018{}800102", n); }
std::string sign(const Bytes& info) {
  return fmt::format("00880200{:02X}{}", info.size(), to_hex(info));
}

struct Card : Exchange {
  explicit Card(const Settings& settings = {}) : Exchange("idcard", settings) {}
  Card& ready() {
    EXPECT_EQ(one(kSelectMf), "9000");
    EXPECT_EQ(one(kVerify), "9000");
    EXPECT_EQ(one(kSelectDf), "9000");
    return *this;
  }
  Bytes modulus(char n) {
    EXPECT_EQ(all(get_key(n)), "9000");
    return data().size() == 271 ? Bytes(data().begin() + 15, data().end()) : Bytes();
  }
};

struct Record {
  std::string container;
  Bytes modulus, signature;
};

std::vector<Record> records(const std::string& name) {
  std::ifstream file(std::string(paths::data()) + "/idcard/" + name);
  std::vector<Record> all;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream fields(line);
    std::string container, modulus, signature;
    fields >> container >> modulus >> signature;
    all.push_back({container, from_hex(modulus), from_hex(signature)});
  }
  return all;
}

TEST(IdCardKnownAnswers, RealSignaturesHaveTheShapeOfTheVirtualOnes) {
  const auto two = records("two-containers.txt"), four = records("four-containers.txt");
  ASSERT_EQ(two.size(), 2U);
  ASSERT_EQ(four.size(), 4U);
  const Bytes expected = padded(digest_info_sha1("test"), 256);
  for (const auto& list : {two, four})
    for (const Record& one : list) EXPECT_EQ(opened(one.signature, one.modulus), expected);

  Card card;
  card.ready();
  const Bytes modulus = card.modulus('7');
  ASSERT_EQ(card.one(environment('7')), "9000");
  ASSERT_EQ(card.all(sign(digest_info_sha1("test"))), "9000");
  EXPECT_EQ(opened(card.data(), modulus), expected);
}

TEST(IdCardKnownAnswers, TheToolsRunOnCardsOfTwoAndOfFour) {
  for (const std::string containers : {"2", "4"}) {
    SCOPED_TRACE(containers);
    Card card(Settings{{"containers", containers}, {"filled", "0"}});
    card.ready();
    for (const char n : {'7', '8', '9', 'A'}) {
      const bool absent = containers == "2" && n > '8';
      EXPECT_EQ(card.one(generate(n)), absent ? "6900" : "9000");
      EXPECT_TRUE(card.data().empty());
      EXPECT_EQ(card.one(get_key(n)), absent ? "6A82" : "6100");
      EXPECT_TRUE(card.data().empty());
      if (!absent) {
        EXPECT_EQ(card.one("00C0000000"), "610F");
        const Bytes first = card.data();
        ASSERT_EQ(first.size(), 256U);
        EXPECT_EQ(to_hex(Bytes(first.begin(), first.begin() + 15)),
                  fmt::format("FFA00{}8201097F4982010481820100", n));
        EXPECT_EQ(card.one("00C000000F"), "9000");
        EXPECT_EQ(card.data().size(), 15U);
      }
      EXPECT_EQ(card.one(environment(n)), "9000");
      EXPECT_EQ(card.one(sign(digest_info_sha1("test"))), absent ? "6A82" : "6100");
      if (!absent) {
        EXPECT_EQ(card.one("00C0000000"), "9000");
        EXPECT_EQ(card.data().size(), 256U);
      }
    }
  }
}

TEST(IdCard, GenerationReplacesTheKey) {
  Card card;
  card.ready();
  const Bytes before = card.modulus('7');
  EXPECT_EQ(card.one(generate('7')), "9000");
  EXPECT_NE(card.modulus('7'), before);
}

TEST(IdCard, ThreeTriesAreAll) {
  Card card;
  EXPECT_EQ(card.one("00200002"), "63C3");
  EXPECT_EQ(card.one(kWrong), "63C2");
  EXPECT_EQ(card.one(kVerify), "9000");
  EXPECT_EQ(card.one("00200002"), "9000");
  EXPECT_EQ(card.one("0020000204 31323334"), "6700");
  EXPECT_EQ(card.one(kWrong), "63C2");
  EXPECT_EQ(card.one("00200002"), "63C2");
  EXPECT_EQ(card.one(kWrong), "63C1");
  EXPECT_EQ(card.one(kWrong), "63C0");
  EXPECT_EQ(card.one(kVerify), "6983");
  card.card().reset();
  EXPECT_EQ(card.one("00200002"), "6983");
  EXPECT_EQ(card.one("00240102083132333430303030"), "6D00");
}

TEST(IdCard, NothingWithoutThePinOrTheDirectory) {
  Card card;
  EXPECT_EQ(card.one(get_key('7')), "6A82");
  EXPECT_EQ(card.one(environment('7')), "9000");
  EXPECT_EQ(card.one(sign(digest_info_sha1("test"))), "6A82");
  EXPECT_EQ(card.one(kSelectDf), "9000");
  EXPECT_EQ(card.all(get_key('7')), "9000");
  EXPECT_EQ(card.one(generate('7')), "6982");
  EXPECT_EQ(card.one(environment('7')), "9000");
  EXPECT_EQ(card.one(sign(digest_info_sha1("test"))), "6982");
  EXPECT_EQ(card.one(kVerify), "9000");
  EXPECT_EQ(card.all(sign(digest_info_sha1("test"))), "9000");
  card.card().reset();
  EXPECT_EQ(card.one(kSelectDf), "9000");
  EXPECT_EQ(card.one(environment('7')), "9000");
  EXPECT_EQ(card.one(sign(digest_info_sha1("test"))), "6982");
}

TEST(IdCard, EachReadingOfWhatIsOpen) {
  Card outside(Settings{{"mse-outside", "6A82"}, {"check-order", "key"}, {"empty-read", "6A88"}});
  EXPECT_EQ(outside.one(environment('7')), "6A82");
  EXPECT_EQ(outside.one(kSelectDf), "9000");
  EXPECT_EQ(outside.one(environment('9')), "9000");
  EXPECT_EQ(outside.one(sign(digest_info_sha1("test"))), "6A82");
  EXPECT_EQ(outside.one(get_key('9')), "6A88");

  Card empty(
      Settings{{"empty-read", "modulus-0"}, {"empty-generate", "6900"}, {"digest-info", "35"}});
  empty.ready();
  EXPECT_EQ(empty.all(get_key('9')), "9000");
  EXPECT_EQ(empty.hex(), "FFA009057F49028100");
  EXPECT_EQ(empty.one(generate('9')), "6900");
  EXPECT_EQ(empty.one(environment('7')), "9000");
  EXPECT_EQ(empty.one(sign(digest_info_sha256("test"))), "6A80");
  EXPECT_EQ(empty.all(sign(digest_info_sha1("test"))), "9000");

  Card strict(Settings{{"empty-verify", "spends"}, {"pin-scope", "mf"}, {"rest", "9000"}});
  EXPECT_EQ(strict.one("00200002"), "63C2");
  EXPECT_EQ(strict.one(kSelectDf), "9000");
  EXPECT_EQ(strict.one(kVerify), "6A88");
  EXPECT_EQ(strict.one(get_key('7')), "6100");
  EXPECT_EQ(strict.one("00C0000000"), "9000");
  EXPECT_EQ(strict.one("00C0000000"), "6C0F");
  EXPECT_EQ(strict.one("00C000000F"), "9000");
}

TEST(IdCard, OtherGenerationsAnswerNothing) {
  for (const std::string atr : {"kasakid", "2022", "contactless"}) {
    Card card(Settings{{"atr", atr}});
    EXPECT_EQ(card.one(kSelectMf), "6D00");
    EXPECT_EQ(card.one(kVerify), "6D00");
  }
  EXPECT_EQ(to_hex(Card(Settings{{"atr", "kasakid"}}).card().atr()), "3B771800004B4153414B4944");
  EXPECT_EQ(to_hex(Card().card().atr()), "3B3E9500534F4D412D633030372D44533161");
}

TEST(IdCardPortuguese, PinChangeAndUnblock) {
  Card card(Settings{{"portuguese", "on"}});
  EXPECT_EQ(card.one("00240102083536373830303030"), "6982");
  EXPECT_EQ(card.one(kVerify), "9000");
  EXPECT_EQ(card.one("00240102083536373830303030"), "9000");
  EXPECT_EQ(card.one("00200002083536373830303030"), "9000");
  for (const char* left : {"63C2", "63C1", "63C0", "6983"}) EXPECT_EQ(card.one(kVerify), left);
  EXPECT_EQ(card.one("002C0202083132333430303030"), "6982");
  EXPECT_EQ(card.one("00200012083132333435363738"), "63C2");
  EXPECT_EQ(card.one("00200012083837363534333231"), "9000");
  EXPECT_EQ(card.one("002C0202083132333430303030"), "9000");
  EXPECT_EQ(card.one("00200002"), "63C3");
  EXPECT_EQ(card.one(kVerify), "9000");
}

TEST(IdCardPortuguese, TheWholeKeyAndDecipher) {
  Card card(Settings{{"portuguese", "on"}});
  card.ready();
  const Bytes modulus = card.modulus('7');
  EXPECT_EQ(card.all("00CB3FFF064D04FFA00780"), "9000");
  EXPECT_TRUE(card.hex().ends_with(to_hex(modulus) + "8203010001"));
  EXPECT_EQ(card.one("002241B80995014084018780011A"), "9000");
  // The public operation on block type 2 with the text ABCDEF.
  Bytes block(256, 0x5A);
  block[0] = 0x00;
  block[1] = 0x02;
  block[252] = 0x00;
  const Bytes text = from_hex("ABCDEF");
  std::copy(text.begin(), text.end(), block.end() - 3);
  Bytes cryptogram = opened(block, modulus);
  cryptogram.insert(cryptogram.begin(), 0x00);
  EXPECT_EQ(card.chained("002A8086", cryptogram), "9000");
  EXPECT_EQ(card.hex(), "ABCDEF");
}

TEST(IdCardPortuguese, CertificateFilesWithPadding) {
  Card card(Settings{{"portuguese", "on"}, {"certificates", "portuguese"}, {"padding", "FF"}});
  EXPECT_EQ(card.one("00A4080C045F00EF08"), "9000");
  EXPECT_EQ(card.all("00B0000004"), "9000");
  EXPECT_TRUE(card.hex().starts_with("3082"));
  EXPECT_EQ(card.all("00B007F808"), "9000");
  EXPECT_EQ(card.hex(), "FFFFFFFFFFFFFFFF");
}

TEST(IdCard, StateSurvivesAndPowerLossLeavesAnEmptyContainer) {
  Card first;
  first.ready();
  const Bytes modulus = first.modulus('8');
  EXPECT_EQ(first.one(kWrong), "63C2");
  first.card().set("power-loss", "4");  // two writes of VERIFY, then before the new key is stored
  EXPECT_EQ(first.one(kVerify), "9000");
  EXPECT_THROW(first.one(generate('7')), vtoken::PowerLoss);
  const nlohmann::json state = nlohmann::json::parse(first.card().save().dump());
  EXPECT_EQ(state.at("pin-attempts"), 3U);

  Card second;
  second.card().load(state);
  EXPECT_EQ(second.one("00200002"), "63C3");
  EXPECT_EQ(second.one(kSelectDf), "9000");
  EXPECT_EQ(second.one(get_key('7')), "6A82");
  EXPECT_EQ(second.modulus('8'), modulus);
  EXPECT_THROW(second.card().set("containers", "2"), std::invalid_argument);
  EXPECT_NO_THROW(second.card().set("containers", "4"));
}

TEST(IdCard, SurvivesNonsense) {
  Card card(Settings{{"portuguese", "on"}});
  card.ready();
  const std::vector<std::string> nonsense{"00",
                                          "00CB3FFF014D",
                                          "00CB3FFF064D04FFA0FF80",
                                          "002241A403840200",
                                          "0046020003A4FF84",
                                          "00C0000000",
                                          "FF00000000",
                                          "00880200",
                                          "0020000200000102"};
  for (const std::string& one : nonsense) EXPECT_NE(card.one(one), "9000") << one;
}

}  // namespace
}  // namespace kilt::test
