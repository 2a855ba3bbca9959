// A Kaztoken whose answers are damaged, on every reading path.
#include <gtest/gtest.h>

#include "tests/support/damage_every_answer.h"

namespace kilt {
namespace {

using test::Counts;
using test::damage_every_answer;
using test::pin;
using test::read_everything;

Counts use_everything(Token& token) {
  token.login(PinRole::kUser, pin("12345678"));
  const Counts seen = read_everything(token);
  for (const Key& key : token.list().keys) {
    Bytes block(key.bits / 8, 0x01);
    (void)token.sign(key, SignScheme::kRsaRaw, Hash::kNone, block);
    (void)token.decrypt(key, DecryptScheme::kRsaRaw, Hash::kNone, block);
  }
  token.logout();
  return seen;
}

void personalise(test::DriverRig& rig) {
  Token& token = rig.open();
  FormatRequest format;
  format.label = "Damaged";
  format.so_pin = pin("87654321");
  format.user_pin = pin("12345678");
  token.format(format);
  token.login(PinRole::kUser, pin("12345678"));
  KeySpec spec;
  spec.bits = 1024;
  spec.label = "key";
  spec.usage.sign = spec.usage.decrypt = true;
  (void)token.generate_key(spec);
  DataObject object;
  object.label = "data";
  (void)token.write_data(object, Bytes(600, 0x42));
  token.logout();
}

constexpr unsigned kTries = 5;

TEST(KaztokenDamaged, ListingOfAPkcs15Token) {
  test::DriverRig rig("kaztoken");
  personalise(rig);
  damage_every_answer(rig, read_everything, kTries);
}

TEST(KaztokenDamaged, ListingOfAVendorToken) {
  test::DriverRig rig("kaztoken");
  rig.virtual_card->card().set("layout", "vendor");
  damage_every_answer(rig, read_everything, kTries);
}

TEST(KaztokenDamaged, ListingOfACardWithT0) {
  test::DriverRig rig("kaztoken");
  personalise(rig);
  rig.virtual_card->card().set("protocol", "t0");
  damage_every_answer(rig, read_everything, kTries);
}

TEST(KaztokenDamaged, LoginSignatureDecryption) {
  test::DriverRig rig("kaztoken");
  personalise(rig);
  damage_every_answer(rig, use_everything, kTries);
}

TEST(KaztokenDamaged, CardThatAnswersTheSameToEverything) {
  for (const auto& damage : test::damaged_answers()) {
    test::DriverRig rig("kaztoken");
    // A good card at first: one that answers so from the start is a stranger's.
    Token& token = rig.open();
    FormatRequest format;
    format.label = "x";
    format.so_pin = pin("87654321");
    test::answer_alike(
        rig, damage,
        {
            [&] { (void)token.identity(); },
            [&] { (void)token.info(); },
            [&] { (void)token.pin_status(PinRole::kUser); },
            [&] { (void)token.list(); },
            [&] { (void)token.random(1000); },
            [&] { token.login(PinRole::kUser, pin("12345678")); },
            [&] { token.logout(); },
            [&] { token.change_pin(PinRole::kUser, pin("12345678"), pin("87654321")); },
            [&] { token.format(format); },
        });
  }
}

}  // namespace
}  // namespace kilt
