// The command part of profiles: what is accepted, what is refused and in which line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/profile/parser.h"

namespace kilt {
namespace {

using ::testing::HasSubstr;

std::string refusal(const std::string& toml) {
  try {
    static_cast<void>(parse_profile(toml, "p.toml"));
  } catch (const ProfileError& error) {
    return error.what();
  }
  return "accepted";
}

const std::string kHead = "name = 'p'\nfamily = 'iso7816'\n";  // lines 1, 2
const std::string kVerified = kHead + "verified = true\n";     // line 3

struct Mistake {
  const char* what;
  std::string toml;
  const char* expected;
};

class CommandMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(CommandMistake, IsFoundInItsLine) {
  EXPECT_THAT(refusal(GetParam().toml), HasSubstr(GetParam().expected)) << GetParam().what;
}

INSTANTIATE_TEST_SUITE_P(
    All, CommandMistake,
    ::testing::Values(
        Mistake{"syntax", "name = \nfamily", "p.toml:1:"},
        Mistake{"a header toml++ would stumble over", kHead + "[=\n", "p.toml:3: '[' without"},
        Mistake{"half a header", kHead + "  [[ #x\n", "p.toml:3: '[' without"},
        Mistake{"a header and nothing", kHead + "[", "p.toml:3: '[' without"},
        Mistake{"an empty header", kHead + "[]\n", "p.toml:3:"},
        Mistake{"a control character", kHead + std::string("x\0 = 1\n", 7),
                "p.toml:3: a control character"},
        Mistake{"a letter outside of quotes", kHead + "label = \xC3\xA9\n",
                "p.toml:3: a character that must stand in double quotes"},
        Mistake{"after a string", kHead + "notes = 'a\\' \xD0\x9A\n", "p.toml:3: a character"},
        Mistake{"broken UTF-8", kHead + "label = \"\xD0\"\n", "p.toml:3: bytes that are no UTF-8"},
        Mistake{"another alphabet escaped", kHead + "label = \"\\\xD0\x9A\"\n",
                "p.toml:3: a backslash before"},
        Mistake{"no name", "family = 'iso7816'", "'name' is missing"},
        Mistake{"unknown key", kHead + "colour = 'red'\n", "p.toml:3: unknown key 'colour'"},
        Mistake{"unknown key inside",
                kHead + "[sign]\ncommand = '00 2A 9E 9A {Lc} {input}'\nx = 1\n",
                "p.toml:5: unknown key 'x'"},
        Mistake{"commands of another family", "name = 'p'\nfamily = 'kaztoken'\n[sign]\n",
                "for the family 'iso7816' only"},
        Mistake{"delete file", kHead + "[sign]\ncommand = '00 E4 00 00 {Lc} {input}'\n",
                "p.toml:4: 'command': instruction E4 destroys"},
        Mistake{"erase", kHead + "[card]\nselect = '00 0E 00 00'\n", "instruction 0E destroys"},
        Mistake{"terminate, although verified, but unasked",
                kVerified + "[card]\nselect = '00 FE 00 00'\n", "instruction FE destroys"},
        Mistake{"proprietary class", kHead + "[sign]\ncommand = '80 2A 9E 9A {Lc} {input}'\n",
                "class 80 is the card's own"},
        Mistake{"secure messaging", kVerified + "[sign]\ncommand = '0C 2A 9E 9A {Lc} {input}'\n",
                "secure messaging"},
        Mistake{"verify as a select", kVerified + "[card]\nselect = '00 20 00 01'\n",
                "instruction 20 does not belong here"},
        Mistake{"write as public key", kVerified + "[public_key]\ncommand = '00 D6 00 00 01 00'\n",
                "instruction D6 does not belong here"},
        Mistake{"generate as public key",
                kVerified + "[public_key]\ncommand = '00 47 00 00 05 B6 03 83 01 {kk}'\n",
                "instruction 47 does not belong here"},
        Mistake{"status with data",
                kVerified + "[pin.user]\nreference = 1\n[pin.user.status]\n"
                            "command = '00 20 00 01 04 31 32 33 34'\n",
                "VERIFY with data would spend a try"},
        Mistake{"two verifies",
                kVerified + "[pin.user]\nreference = 1\n"
                            "verify = ['00 20 00 01 {Lc} {pin}', "
                            "'00 20 00 01 {Lc} {pin}']\n",
                "one VERIFY per login"},
        Mistake{"no PIN in verify",
                kVerified + "[pin.user]\nreference = 1\n"
                            "verify = '00 20 00 01 01 31'\n",
                "the field {pin} is missing"},
        Mistake{"wrong field", kHead + "[sign]\ncommand = '00 2A 9E 9A {Lc} {pin} {input}'\n",
                "{pin} has no meaning here"},
        Mistake{"unknown field", kHead + "[sign]\ncommand = '00 2A 9E 9A {Lc} {data}'\n",
                "there is no field {data}"},
        Mistake{"Lc too long",
                kHead + "[sign]\ncommand = '00 2A 9E 9A {Lc} {input}'\n"
                        "environment = '00 22 41 A4 09 80 01'\n",
                "p.toml:5: 'environment': Lc says 9 bytes"},
        Mistake{"Lc too short",
                kHead + "[sign]\ncommand = '00 2A 9E 9A {Lc} {input}'\n"
                        "environment = '00 22 41 A4 01 80 01 02'\n",
                "Lc says 1 bytes"},
        Mistake{"Lc with a long field", kHead + "[sign]\ncommand = '00 2A 9E 9A 01 {input}'\n",
                "write {Lc} for the length"},
        Mistake{"overflow",
                kHead + "[card]\nselect = '00 A4 00 0C {Lc} " + std::string(1000, 'A') + "'\n",
                "longer than a command can be"},
        Mistake{"no hex", kHead + "[card]\nselect = '00 A4 0X 0C'\n", "'0X' is neither"},
        Mistake{"half a byte", kHead + "[card]\nselect = '00 A4 00 0'\n", "'0' is neither"},
        Mistake{"brace", kHead + "[card]\nselect = '00 A4 00 {Lc'\n", "without its '}'"},
        Mistake{"short", kHead + "[card]\nselect = '00 A4'\n", "CLA INS P1 P2"},
        Mistake{"field as INS", kHead + "[card]\nselect = '00 {kk} 00 00'\n", "cannot be fields"},
        Mistake{"long field as P1", kHead + "[sign]\ncommand = '00 2A {input} 00'\n",
                "no single byte"},
        Mistake{"too many steps",
                kHead + "[card]\nselect = ['00 A4 00 00','00 A4 00 00','00 A4 00 00','00 A4 00 00',"
                        "'00 A4 00 00','00 A4 00 00','00 A4 00 00','00 A4 00 00','00 A4 00 00']\n",
                "more than 8"},
        Mistake{"min over max", kHead + "[pin.user]\nreference = 1\nmin = 9\nmax = 4\n",
                "less than 'min'"},
        Mistake{"min over the usual max", kHead + "[pin.user]\nreference = 1\nmin = 9\n",
                "p.toml:3: 'max' is less than 'min'"},
        Mistake{"stored under max",
                kHead + "[pin.user]\nreference = 1\nmin = 4\nmax = 8\nstored = 6\n",
                "less than 'max'"},
        Mistake{"pad without stored", kHead + "[pin.user]\nreference = 1\npad = 0\n",
                "'pad' needs 'stored'"},
        Mistake{"same reference", kHead + "[[key]]\nreference = 1\n[[key]]\nreference = 1\n",
                "two keys have the same"},
        Mistake{"odd path", kHead + "[[certificate]]\npath = '3F'\n", "file ids of 2 bytes"},
        Mistake{"9000 as absent", kHead + "[card]\nabsent = '9000'\n", "status words"},
        Mistake{"algorithm missing",
                kHead + "[sign]\ncommand = '00 2A 9E 9A {Lc} {input}'\n"
                        "environment = '00 22 41 B6 03 80 01 {aa}'\n",
                "{aa} needs [sign.algorithm]"},
        Mistake{"short AID", kHead + "aid = 'A0 00'\n", "5 to 16 bytes"}));

TEST(ProfileCommands, OtherAlphabetsStandInQuotesAndComments) {
  const Profile profile = parse_profile(
      kHead +
          "# \u043A\u0456\u043B\u0442 [=\nlabel = \"\u043A\u0456\u043B\u0442 \\\" [=\"\n"
          "notes = \"\"\"\n[= \u043A\n\"\" \u043A \"\"\"\n[[atr]]\nvalue = '3B00'\n",
      "p.toml");
  EXPECT_EQ("\u043A\u0456\u043B\u0442 \" [=", profile.label);
  EXPECT_EQ(1U, profile.atrs.size());
}

TEST(ProfileCommands, VerifiedPartsMayDoMore) {
  const Profile profile =
      parse_profile(kVerified + "[generate]\ncommand = ['00 E4 00 00', '80 47 00 00']\n", "p.toml");
  EXPECT_TRUE(profile.commands.generate.verified);
  // In a verified profile, a part that says it is not has the limits of an unverified one.
  EXPECT_THAT(refusal(kVerified + "[generate]\nverified = false\ncommand = '00 E4 00 00'\n"),
              HasSubstr("E4 destroys"));
}

TEST(ProfileCommands, FillsItsFields) {
  const auto command = CommandTemplate::parse("00 22 41 A4 09 95 01 40 84 01 {kk} 80 01 02")
                           .fill({{"kk", Bytes{0x87}}});
  EXPECT_EQ(
      "002241A40995014084018780"
      "0102",
      to_hex(command.encode_short()));
  const auto sign = CommandTemplate::parse("00 88 02 00 {Lc} {input} {Le}");
  EXPECT_EQ(
      "00880200"
      "02"
      "ABCD"
      "00",
      to_hex(sign.fill({{"input", Bytes{0xAB, 0xCD}}}).encode_short()));
  EXPECT_THROW(static_cast<void>(sign.fill({})), std::out_of_range);
  EXPECT_THROW(static_cast<void>(sign.fill({{"input", Bytes(70000)}})), InvalidData);
  const auto read = CommandTemplate::parse("00CB3FFF0B4D09FFA0{n}057F49028100");
  EXPECT_EQ("00CB3FFF0B4D09FFA007057F49028100",
            to_hex(read.fill({{"n", Bytes{7}}}).encode_short()));
  EXPECT_THROW(static_cast<void>(read.fill({{"n", Bytes{7, 8}}})), InvalidData);
}

TEST(ProfileCommands, PinsAreSecretInTraces) {
  const auto verify = CommandTemplate::parse("00 20 00 {ref} {Lc} {pin}");
  EXPECT_EQ(apdu::Privacy::kSecret, verify.fill({{"ref", Bytes{1}}, {"pin", Bytes{1, 2}}}).privacy);
}

TEST(ProfileCommands, TheBuiltInOnesAreRight) {
  const ProfileSet set = ProfileSet::builtin();
  const Profile* soma = set.find("kz-idcard-soma");
  ASSERT_NE(nullptr, soma);
  EXPECT_TRUE(soma->verified);
  EXPECT_FALSE(soma->commands.user_pin->status.verified)
      << "an empty VERIFY is not proved harmless";
  EXPECT_FALSE(soma->commands.user_pin->change.verified);
  EXPECT_FALSE(soma->commands.user_pin->unblock.verified);
  EXPECT_TRUE(soma->factory_pins.empty());
  const Profile* akey = set.find("akey");
  ASSERT_NE(nullptr, akey);
  EXPECT_TRUE(akey->experimental);
  EXPECT_FALSE(akey->verified);
  EXPECT_TRUE(akey->atrs.empty()) << "no ATR of an aKey is public";
  EXPECT_EQ(2U, akey->factory_pins.size());
}

TEST(ProfileCommands, CardsAreKnownByTheirAtr) {
  const ProfileSet set = ProfileSet::builtin();
  const auto name = [&](const char* atr) {
    const Profile* profile = set.match(from_hex(atr));
    return profile == nullptr ? std::string("none") : profile->name;
  };
  EXPECT_EQ("kz-idcard-soma", name("3B3919 00 53 4F 4D 41 44 53 33 30 31"));
  EXPECT_EQ("kz-idcard-soma", name("3B3919 00 53 4F 4D 41 44 53 33 30 33"));
  EXPECT_EQ("kz-idcard-soma", name("3B3E9500534F4D412D633030372D44533162"));
  EXPECT_EQ("kz-idcard-kasakid", name("3B771800004B4153414B4944"));
  EXPECT_EQ("kz-idcard-2022", name("3BFA1800FF8031FE45003180739441000090 0090"));
  EXPECT_EQ("kz-idcard-contactless", name("3B8C800150F56FF82BE1F35E113381C73C"));
  EXPECT_EQ("kz-idcard-contactless", name("3B8C80015011223344E1F35E113381C700"));
  EXPECT_EQ("oem-feitian", name("3B9F958131FE9F006646530501001171DF000003900080"));
  EXPECT_EQ("oem-athena", name("3BD6180081B1807D1F038051006110308F"));
  EXPECT_EQ("none", name("3B8A0092012691070001930300")) << "a driving licence";
}

}  // namespace
}  // namespace kilt
