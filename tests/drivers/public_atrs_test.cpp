// Every card of the public list that is ours finds its driver, and 300 of others do not: whatever
// they answer, they are asked little, and no PIN.
#include "tests/support/public_atrs.h"

#include <algorithm>
#include <array>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "drivers/registry.h"
#include "tests/support/scripted_connection.h"

namespace kilt::test {
namespace {

const ProfileSet& builtin() {
  static const ProfileSet profiles = ProfileSet::builtin();
  return profiles;
}

/// A card that says the same to everything, and what it was asked.
class Parrot {
 public:
  explicit Parrot(std::string name) : name_(std::move(name)) {}
  Bytes answer(BytesView command) {
    ++commands;
    const Byte ins = command[1];
    // VERIFY without data asks for the state; all others here spend a try or change something.
    constexpr std::array<Byte, 10> kForbidden{0x24, 0x2C, 0x21, 0x82, 0xD6,
                                              0xDA, 0xDB, 0xE0, 0xE4, 0x46};
    if ((ins == 0x20 && command.size() > 5) ||
        std::ranges::find(kForbidden, ins) != kForbidden.end())
      forbidden.insert(ins);
    if (name_ == "endless") return ins == 0xC0 ? endless() : Bytes{0x61, 0xFF};
    if (name_ == "random") return some_bytes();
    if (name_ == "9000 and data") {
      Bytes data(command.back() == 0 ? 256 : command.back());
      for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<Byte>(i * 7 + 1);
      append(data, Bytes{0x90, 0x00});
      return data;
    }
    return from_hex(name_);
  }
  std::size_t commands = 0;
  std::set<int> forbidden;

 private:
  static Bytes endless() {
    Bytes data(255);
    append(data, Bytes{0x61, 0xFF});
    return data;
  }
  Bytes some_bytes() {
    Bytes data(generator_() % 20);
    for (Byte& byte : data) byte = static_cast<Byte>(generator_());
    append(data, generator_() % 2 == 0 ? Bytes{0x90, 0x00}
                                       : Bytes{static_cast<Byte>(0x60 + generator_() % 0x10),
                                               static_cast<Byte>(generator_())});
    return data;
  }
  std::string name_;
  std::mt19937 generator_{20240601};
};

const std::array kAnswers{"6A82", "6982", "6983", "63C3", "6D00",          "6E00",   "6700",
                          "6F00", "6985", "9000", "6C10", "9000 and data", "random", "endless"};

TEST(PublicAtrs, OursFindTheirDriver) {
  std::size_t ours = 0;
  for (const auto& [family, atr] : public_atrs()) {
    const Profile* profile = builtin().match(atr);
    if (family == "-") {
      // Some are known by name only, to say what they are.
      EXPECT_TRUE(profile == nullptr || !profile->unsupported.empty() || !profile->foreign.empty())
          << to_hex(atr) << " is taken for " << profile->name;
      continue;
    }
    ++ours;
    ASSERT_NE(nullptr, profile) << to_hex(atr);
    EXPECT_EQ(family, profile->family) << to_hex(atr);
  }
  EXPECT_GE(ours, 40U);
}

/// A stranger's card gets no more commands than that, whatever it says.
constexpr std::size_t kMostCommands = 14;

TEST(PublicAtrs, OthersAreNotTakenAndAskedLittle) {
  std::size_t others = 0;
  for (const auto& [family, atr] : public_atrs()) {
    if (family != "-" || builtin().match(atr) != nullptr) continue;
    ++others;
    for (const char* answers : kAnswers) {
      Parrot parrot(answers);
      apdu::Card card(std::make_unique<FunctionConnection>(
          [&](BytesView command) { return parrot.answer(command); }, atr));
      EXPECT_THROW((void)open_token(card, builtin()), TokenNotRecognized)
          << to_hex(atr) << ", " << answers;
      EXPECT_LE(parrot.commands, kMostCommands) << to_hex(atr) << ", " << answers;
      EXPECT_TRUE(parrot.forbidden.empty()) << to_hex(atr) << ", " << answers;
    }
  }
  EXPECT_GE(others, 290U);
}

TEST(PublicAtrs, OursWithAnotherAppletAreNotTaken) {
  for (const auto& [family, atr] : public_atrs()) {
    // The ATR of these is that of any card of the chip's maker; the others' names their own.
    if (family != "etoken-applet" && family != "idprime" && family != "jacarta") continue;
    for (const char* answers : kAnswers) {
      Parrot parrot(answers);
      apdu::Card card(std::make_unique<FunctionConnection>(
          [&](BytesView command) { return parrot.answer(command); }, atr));
      EXPECT_THROW((void)open_token(card, builtin()), TokenNotRecognized)
          << family << " " << to_hex(atr) << ", " << answers;
      EXPECT_LE(parrot.commands, 16U) << to_hex(atr) << ", " << answers;
      EXPECT_TRUE(parrot.forbidden.empty());
    }
  }
}

}  // namespace
}  // namespace kilt::test
