// Every answer of a dialogue is replaced once by each damaged answer: the driver gives an error or
// less than the truth, never a crash, never an endless conversation, and no PIN try is spent.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/driver_rig.h"

namespace kilt::test {

/// What a listing shows.
struct Counts {
  std::size_t halves = 0;  ///< of key pairs: a damaged entry may tear a pair apart
  std::size_t certificates = 0, data = 0;
  bool operator==(const Counts&) const = default;
};

/// What programs do before and after a login.
inline Counts read_everything(Token& token) {
  (void)token.identity();
  (void)token.info();
  (void)token.pin_status(PinRole::kUser);
  (void)token.pin_status(PinRole::kSo);
  const ObjectList& list = token.list();
  Counts seen{0, list.certificates.size(), list.data.size()};
  for (const Key& key : list.keys)
    seen.halves += (key.has_private ? 1U : 0U) + (key.has_public ? 1U : 0U);
  for (const Key& key : list.keys) (void)token.read_public_key(key.ref);
  for (const Certificate& certificate : list.certificates)
    if (!certificate.der) (void)token.read_certificate(certificate.ref);
  for (const DataObject& object : list.data) (void)token.read_data(object.ref);
  (void)token.random(300);
  return seen;
}

/// Does `work`, which answers with what it saw, on a token whose user PIN has `tries` left.
inline void damage_every_answer(DriverRig& rig, const std::function<Counts(Token&)>& work,
                                unsigned tries) {
  const auto start = [&]() -> Token& {
    rig.virtual_card->reset();
    return rig.open();
  };
  rig.damager->disarm();
  const Counts truth = work(start());
  const std::size_t total = rig.damager->count();
  ASSERT_GT(total, 10U);
  ASSERT_GT(truth.halves, 0U);
  for (std::size_t n = 1; n <= total; ++n)
    for (const DamagedAnswer& damage : damaged_answers()) {
      SCOPED_TRACE("answer " + std::to_string(n) + ": " + damage.name);
      rig.virtual_card->reset();
      rig.damager->arm(n, damage);
      try {
        const Counts seen = work(rig.open());
        EXPECT_LE(seen.halves, truth.halves);
        EXPECT_LE(seen.certificates, truth.certificates);
        EXPECT_LE(seen.data, truth.data);
      } catch (const Error&) {  // NOLINT(bugprone-empty-catch): an error is an honest answer
      }
      EXPECT_LE(rig.damager->count(), total + 700);
    }
  rig.damager->disarm();
  EXPECT_EQ(truth, work(start())) << "no harm was done";
  EXPECT_EQ(tries, rig.token->pin_status(PinRole::kUser).tries_left);
}

/// From now on the card answers alike to everything, and the driver's calls end all the same.
inline void answer_alike(DriverRig& rig, const DamagedAnswer& damage,
                         const std::vector<std::function<void()>>& calls) {
  SCOPED_TRACE(damage.name);
  std::size_t count = 0;
  rig.counter->intercept([&](BytesView) -> std::optional<Bytes> {
    ++count;
    return damage.make(Bytes{0x6F, 0x00, 0x90, 0x00});
  });
  for (const auto& call : calls) {
    count = 0;
    try {
      call();
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): an honest answer
    }
    EXPECT_LE(count, 3000U);
  }
  rig.counter->intercept({});
}

}  // namespace kilt::test
