// A made-up token that exists in this file only: its profile is written here, and no source of the
// module knows it. And the count of all PIN tries of this test program.
#include <gmock/gmock.h>

#include "tests/drivers/iso7816/check.h"
#include "tests/support/card_test.h"

namespace kilt::test {
namespace {

constexpr const char* kProfile = R"(
name = "made-up"
family = "iso7816"
label = "Made-up token"
manufacturer = "Nobody"
model = "Invented 1"
verified = true
discovery = false

[[atr]]
value = "3B 04 4D 41 44 45"

[[factory_pin]]
name = "factory"
role = "user"
value = "777777"

[card]
select = "00 A4 04 0C 06 F0 4D 41 44 45 31"
absent = "6A88"
logout = "00 20 FF {ref}"

[pin.user]
reference = 0x42
encoding = "bcd"
min = 6
max = 6
stored = 4
pad = 0xEE
tries = 5
verify = "00 21 00 {ref} {Lc} {pin}"

[[key]]
number = 1
reference = 0x33
label = "Only key"

[public_key]
command = "00 CA 01 {n} {Le}"

[sign]
environment = "00 22 41 B6 03 84 01 {kk}"
command = "80 2A 00 00 {Lc} 55 {input} {Le}"
input = "block"
)";

/// What the profile says, as a card; its key is the first of the published test keys, whose
/// signature of "test" is known.
class DescribedCard : public CardEndpoint {
 public:
  [[nodiscard]] Bytes atr() const override { return from_hex("3B044D414445"); }
  void reset() override { selected_ = verified_ = false; }
  Bytes transmit(BytesView command) override {
    const std::string hex = to_hex(command);
    if (hex == "00A4040C06F04D41444531") return answer(selected_ = true);
    if (!selected_) return {0x6A, 0x82};
    if (hex == "0021004204777777EE") return answer(verified_ = true);
    if (hex == "0020FF42") return answer(!(verified_ = false));
    if (hex.starts_with("00CA0101")) {
      Bytes key = from_hex(
          "7F49820104"
          "81820100");
      append(key, modulus);
      append(key, Bytes{0x90, 0x00});
      return key.size() > 258 ? chain(key) : key;
    }
    if (hex.starts_with("00C0")) return rest();
    if (hex == "002241B603840133") return answer(true);
    return {0x6D, 0x00};
  }
  Bytes chain(Bytes key) {
    key.resize(key.size() - 2);
    rest_ = key;
    return {0x61, 0x00};
  }
  Bytes rest() {
    const std::size_t size = std::min<std::size_t>(256, rest_.size());
    Bytes part = to_bytes(BytesView(rest_).first(size));
    rest_.erase(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(size));
    append(part, rest_.empty() ? Bytes{0x90, 0x00} : Bytes{0x61, static_cast<Byte>(rest_.size())});
    return part;
  }
  static Bytes answer(bool ok) { return ok ? Bytes{0x90, 0x00} : Bytes{0x69, 0x82}; }

  Bytes modulus = Bytes(256, 0xC5);
  bool selected_ = false, verified_ = false;
  Bytes rest_;
};

class DescribedCardTest : public CardTest {};

TEST_F(DescribedCardTest, WorksByItsProfileAlone) {
  auto card = std::make_shared<DescribedCard>();
  insert(card);
  EXPECT_THROW(bind(), TokenNotRecognized);
  profiles_.add(kProfile, "made-up.toml");
  bind();
  EXPECT_EQ("Made-up token", token().info().label);
  EXPECT_EQ("Nobody", token().info().manufacturer);
  EXPECT_EQ("Invented 1", token().info().model);
  ASSERT_EQ(1U, token().list().keys.size());
  EXPECT_EQ("Only key", token().list().keys[0].label);
  EXPECT_EQ(5U, *token().pin_status(PinRole::kUser).tries_max);
  EXPECT_TRUE(profiles_.find("made-up")->is_factory_pin(PinRole::kUser, to_bytes("777777")));
  login("777777");
  EXPECT_TRUE(card->verified_);
  EXPECT_EQ(SignScheme::kRsaRaw, token().capabilities().sign.at(0));
  // Its signature command comes as the profile writes it; this card does not compute.
  restart_count();
  EXPECT_THROW(token().sign(token().list().keys[0], SignScheme::kRsaRaw, Hash::kNone, Bytes(254)),
               NotSupported);
  const auto sent =
      std::ranges::find_if(endpoint_->commands(), [](const Bytes& c) { return c[0] == 0x80; });
  ASSERT_NE(endpoint_->commands().end(), sent);
  EXPECT_THAT(to_hex(*sent), ::testing::StartsWith("802A0000FF5500"));
  token().logout();
  EXPECT_FALSE(card->verified_);
}

// Checked when the program ends, over all of its tests (each test checks its own, too).
class Total : public ::testing::Environment {
 public:
  void TearDown() override {
    EXPECT_EQ(Tries::total().asked, Tries::total().sent)
        << "over all tests, PINs were compared more often than asked for";
    std::printf("PIN tries over the whole program: %zu asked for, %zu sent\n", Tries::total().asked,
                Tries::total().sent);
  }
};
[[maybe_unused]] const auto* const kTotal = ::testing::AddGlobalTestEnvironment(new Total);

}  // namespace
}  // namespace kilt::test
