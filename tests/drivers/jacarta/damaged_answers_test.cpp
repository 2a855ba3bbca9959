// A JaCarta whose answers are damaged, on every path.
#include <algorithm>

#include "drivers/errors.h"
#include "drivers/jacarta/secure_channel.h"
#include "tests/drivers/jacarta/rsa_check.h"
#include "tests/drivers/jacarta/token_rig.h"
#include "tests/support/damage_every_answer.h"

namespace kilt::jacarta::test {
namespace {

using kilt::test::Counts;
using kilt::test::damage_every_answer;
using kilt::test::damaged_answers;
using kilt::test::read_everything;

Counts use(Token& token) {
  token.login(PinRole::kUser, pin(kUserPin));
  const Counts seen = read_everything(token);
  for (const Key& key : token.list().keys) {
    (void)token.sign(key, SignScheme::kRsaPkcs1, Hash::kNone, digest_info("text"));
    (void)token.decrypt(key, DecryptScheme::kRsaRaw, Hash::kNone, Bytes(key.bits / 8, 0x01));
  }
  token.logout();
  return seen;
}

void fill(Rig& rig) {
  rig.log_in();
  const ObjectRef key = rig.generate();
  rig.token->write_certificate({}, self_signed(*public_key(rig.key(key).public_key), "Somebody"));
  rig.token->write_data({}, Bytes(300, 0x42));
  rig.token->logout();
}

constexpr unsigned kTries = 10;

class DamagedListing : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Jacarta, DamagedListing, ::testing::Values("aladdin", "athena"));

TEST_P(DamagedListing, ErrorOrLess) {
  Rig rig(GetParam());
  fill(rig);
  damage_every_answer(rig, read_everything, kTries);
}

TEST(Damaged, LoginSignatureDecryption) {
  Rig rig;
  fill(rig);
  damage_every_answer(rig, use, kTries);
}

TEST(Damaged, Writing) {
  // Each answer of making a key and a certificate, replaced by some of the worst; afterwards the
  // token is still a token.
  for (const char* name : {"nothing", "only 6F00", "only 6A84", "only 9000", "first half"}) {
    const auto damage =
        std::ranges::find(damaged_answers(), name, &kilt::test::DamagedAnswer::name);
    ASSERT_NE(damaged_answers().end(), damage);
    for (std::size_t n = 1; n < 400; ++n) {
      SCOPED_TRACE("answer " + std::to_string(n) + ": " + name);
      Rig rig;
      rig.log_in();
      rig.damager->arm(n, *damage);
      bool reached = false;
      try {
        rig.generate(1024, "key", {0x01});
        DataObject object;
        object.label = "data";
        rig.token->write_data(object, to_bytes("value"));
        reached = rig.damager->count() < n;
      } catch (const Error&) {  // NOLINT(bugprone-empty-catch): an honest answer
      }
      rig.damager->disarm();
      rig.restart();
      EXPECT_EQ(10U, rig.token->pin_status(PinRole::kUser).tries_left);
      rig.log_in();
      if (reached) break;
      if (n % 4 != 0) continue;  // making keys takes its time
      const ObjectRef ref = rig.generate(1024, "another", {0x02});
      const Key key = rig.key(ref);
      EXPECT_TRUE(
          verifies(*public_key(key.public_key), "text",
                   rig.token->sign(key, SignScheme::kRsaPkcs1, Hash::kNone, digest_info("text"))));
      ASSERT_LT(n, 399U);
    }
  }
}

TEST(Damaged, CardThatAnswersTheSameToEverything) {
  for (const auto& damage : damaged_answers()) {
    Rig rig;
    Token& token = *rig.token;
    FormatRequest format;
    format.so_pin = pin("87654321");
    kilt::test::answer_alike(
        rig, damage,
        {
            [&] { (void)token.identity(); },
            [&] { (void)token.info(); },
            [&] { (void)token.pin_status(PinRole::kSo); },
            [&] { (void)token.list(); },
            [&] { (void)token.random(1000); },
            [&] { token.login(PinRole::kUser, pin("12345678")); },
            [&] { token.logout(); },
            [&] { token.change_pin(PinRole::kUser, pin("12345678"), pin("87654321")); },
            [&] { token.init_user_pin(pin("87654321")); },
            [&] { rig.generate(); },
            [&] { token.format(format); },
        });
  }
}

/// What somebody between does to the answer of the wrapped command.
using Forge = Bytes (*)(const Bytes&);

TEST(Damaged, ForgedAnswerClosesChannelAndLogin) {
  const std::vector<std::pair<const char*, Forge>> forgeries{
      {"in clear",
       [](const Bytes&) {
         return Bytes{0x90, 0x00};
       }},
      {"no MAC",
       [](const Bytes& truth) {
         return Bytes{truth[0], truth[1], truth[2], truth[3], 0x90, 0x00};
       }},
      {"wrong MAC",
       [](const Bytes& truth) {
         Bytes bytes = truth;
         bytes[bytes.size() - 3] ^= 0x01;
         return bytes;
       }},
      {"MAC twice",
       [](const Bytes& truth) {
         Bytes bytes(truth.begin(), truth.end() - 2);
         bytes.insert(bytes.end(), truth.end() - 12, truth.end());
         return bytes;
       }},
      {"other status",
       [](const Bytes& truth) {
         Bytes bytes = truth;
         bytes[2] = 0x6A;
         return bytes;
       }},
  };
  for (const auto& [name, forge] : forgeries) {
    SCOPED_TRACE(name);
    Rig rig;
    rig.log_in();
    const ObjectRef ref = rig.generate();
    const Key key = rig.key(ref);
    rig.counter->intercept([&, forge = forge](BytesView command) -> std::optional<Bytes> {
      if (command.size() < 2 || command[0] != 0x8C || command[1] != 0x24) return std::nullopt;
      return forge(rig.virtual_card->transmit(command));
    });
    rig.restart_count();
    EXPECT_THROW(rig.token->change_pin(PinRole::kUser, pin(kUserPin), pin("445566")),
                 apdu::ChannelBroken);
    const auto& commands = rig.counter->commands();
    EXPECT_EQ("8086FFFF", to_hex(commands[commands.size() - 2])) << "the channel is closed";
    EXPECT_EQ("8028FFFF", to_hex(commands.back())) << "and the login";
    EXPECT_THROW(rig.token->sign(key, SignScheme::kRsaPkcs1, Hash::kNone, digest_info("x")),
                 NotLoggedIn);
  }
}

TEST(Damaged, CardThatLostTheSessionSaysSoInClear) {
  Rig rig;
  rig.counter->intercept([&](BytesView command) -> std::optional<Bytes> {
    if (command.size() < 2 || command[0] != 0x8C || command[1] != 0x24) return std::nullopt;
    return Bytes{0x69, 0x88};
  });
  EXPECT_THROW(rig.token->change_pin(PinRole::kUser, pin(kUserPin), pin("445566")), CardFault);
  rig.counter->intercept({});
  rig.log_in();
}

}  // namespace
}  // namespace kilt::jacarta::test
