// Every answer of every reading path is replaced once by each evil answer: the driver gives an
// error or less than the truth, never a crash, never an endless conversation.
#include <gtest/gtest.h>

#include "tests/support/driver_rig.h"

namespace kilt {
namespace {

using test::pin;

struct Seen {
  std::size_t halves = 0;  ///< of key pairs: a damaged entry may tear a pair apart
  std::size_t certificates = 0, data = 0;
  bool operator==(const Seen&) const = default;
};

/// What programs do before and after a login.
Seen look_at_everything(Token& token) {
  (void)token.identity();
  (void)token.info();
  (void)token.pin_status(PinRole::kUser);
  (void)token.pin_status(PinRole::kSo);
  const ObjectList& list = token.list();
  Seen seen{0, list.certificates.size(), list.data.size()};
  for (const Key& key : list.keys)
    seen.halves += (key.has_private ? 1U : 0U) + (key.has_public ? 1U : 0U);
  for (const Key& key : list.keys) (void)token.read_public_key(key.ref);
  for (const Certificate& certificate : list.certificates)
    if (!certificate.der) (void)token.read_certificate(certificate.ref);
  for (const DataObject& object : list.data) (void)token.read_data(object.ref);
  (void)token.random(300);
  return seen;
}

Seen use_everything(Token& token) {
  token.login(PinRole::kUser, pin("12345678"));
  const Seen seen = look_at_everything(token);
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
  format.label = "Evil";
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

void torture(test::DriverRig& rig, Seen (*work)(Token&)) {
  rig.evil->disarm();
  const Seen truth = work(rig.open());
  const std::size_t total = rig.evil->count();
  ASSERT_GT(total, 10U);
  ASSERT_GT(truth.halves, 0U);
  for (std::size_t n = 1; n <= total; ++n) {
    for (const auto& evil : test::evil_answers()) {
      SCOPED_TRACE("answer " + std::to_string(n) + ": " + evil.name);
      rig.virtual_card->reset();
      rig.evil->arm(n, evil);
      try {
        const Seen seen = work(rig.open());
        EXPECT_LE(seen.halves, truth.halves);
        EXPECT_LE(seen.certificates, truth.certificates);
        EXPECT_LE(seen.data, truth.data);
      } catch (const Error&) {  // NOLINT(bugprone-empty-catch): an error is an honest answer
      }
      EXPECT_LE(rig.evil->count(), total + 700);
    }
  }
  // No harm was done, and no PIN try spent: the truth is still there.
  rig.virtual_card->reset();
  rig.evil->disarm();
  EXPECT_EQ(truth, work(rig.open()));
  EXPECT_EQ(5U, rig.token->pin_status(PinRole::kUser).tries_left);
}

TEST(KaztokenEvil, ListingOfAPkcs15Token) {
  test::DriverRig rig("kaztoken");
  personalise(rig);
  torture(rig, look_at_everything);
}

TEST(KaztokenEvil, ListingOfAVendorToken) {
  test::DriverRig rig("kaztoken");
  rig.virtual_card->card().set("layout", "vendor");
  torture(rig, look_at_everything);
}

TEST(KaztokenEvil, ListingOfACardWithT0) {
  test::DriverRig rig("kaztoken");
  personalise(rig);
  rig.virtual_card->card().set("protocol", "t0");
  torture(rig, look_at_everything);
}

TEST(KaztokenEvil, LoginSignatureDecryption) {
  test::DriverRig rig("kaztoken");
  personalise(rig);
  torture(rig, use_everything);
}

TEST(KaztokenEvil, CardThatAnswersTheSameToEverything) {
  for (const auto& evil : test::evil_answers()) {
    SCOPED_TRACE(evil.name);
    test::DriverRig rig("kaztoken");
    std::size_t count = 0;
    rig.counter->intercept([&](BytesView) -> std::optional<Bytes> {
      ++count;
      return evil.make(Bytes{0x6F, 0x00, 0x90, 0x00});
    });
    Token& token = rig.open();
    const std::vector<std::function<void()>> calls{
        [&] { (void)token.identity(); },
        [&] { (void)token.info(); },
        [&] { (void)token.pin_status(PinRole::kUser); },
        [&] { (void)token.list(); },
        [&] { (void)token.random(1000); },
        [&] { token.login(PinRole::kUser, pin("12345678")); },
        [&] { token.logout(); },
        [&] { token.change_pin(PinRole::kUser, pin("12345678"), pin("87654321")); },
        [&] {
          FormatRequest format;
          format.label = "x";
          format.so_pin = pin("87654321");
          token.format(format);
        },
    };
    for (const auto& call : calls) {
      count = 0;
      try {
        call();
      } catch (const Error&) {  // NOLINT(bugprone-empty-catch): an honest answer
      }
      EXPECT_LE(count, 3000U);
    }
  }
}

}  // namespace
}  // namespace kilt
