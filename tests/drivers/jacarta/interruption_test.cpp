// Power that fails in the middle of a change.
#include <algorithm>

#include "drivers/errors.h"
#include "tests/drivers/jacarta/rsa_check.h"
#include "tests/drivers/jacarta/token_rig.h"

namespace kilt::jacarta::test {
namespace {

class Interrupted : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Jacarta, Interrupted, ::testing::Values("aladdin", "athena"));

/// Every write of an operation fails once for want of power; whatever is there afterwards, the
/// token is usable and the operation succeeds the next time.
template <typename Prepare, typename Work, typename Check>
void survive_power_loss(const std::string& personality, Prepare prepare, Work work, Check check) {
  for (unsigned n = 1; n < 200; ++n) {
    SCOPED_TRACE("power fails at write " + std::to_string(n));
    Rig rig(personality);
    rig.log_in();
    prepare(rig);
    rig.token->list();
    rig.set("power-loss", std::to_string(n));
    bool failed = false;
    try {
      work(rig);
    } catch (const CardRemoved&) {
      failed = true;
    }
    if (!failed) {
      EXPECT_GT(n, 3U);
      return;
    }
    rig.restart();
    rig.log_in();
    check(rig);
    if (::testing::Test::HasFailure()) return;
  }
  FAIL() << "the operation does not end";
}

TEST_P(Interrupted, WhileAKeyIsMade) {
  survive_power_loss(
      GetParam(), [](Rig&) {}, [](Rig& rig) { rig.generate(1024, "key", {0x07}); },
      [](Rig& rig) {
        for (const Key& key : rig.token->list().keys) {
          EXPECT_TRUE(key.has_public) << "never half a pair that looks whole";
          if (!key.has_private) continue;
          EXPECT_NO_THROW(
              rig.token->sign(key, SignScheme::kRsaPkcs1, Hash::kNone, digest_info("text")));
        }
        const auto whole = [&] {
          return std::ranges::count_if(rig.token->list().keys, &Key::has_private);
        };
        const auto before = whole();
        const ObjectRef ref = rig.generate(1024, "again", {0x08});
        EXPECT_EQ(before + 1, whole());
        for (const Key& key : rig.token->list().keys) EXPECT_TRUE(key.has_private);
        EXPECT_EQ(1024U, rig.key(ref).bits);
        EXPECT_TRUE(rig.token->list().odd.empty()) << "what was left behind is cleared away";
      });
}

TEST_P(Interrupted, WhileACertificateIsWritten) {
  const Bytes der = self_signed(*make_key(1024), "Somebody");
  Certificate certificate;
  certificate.id = {0x07};
  survive_power_loss(
      GetParam(), [](Rig& rig) { rig.generate(1024, "key", {0x07}); },
      [&](Rig& rig) { rig.token->write_certificate(certificate, der); },
      [&](Rig& rig) {
        if (rig.token->list().certificates.empty()) rig.token->write_certificate(certificate, der);
        ASSERT_EQ(1U, rig.token->list().certificates.size());
        EXPECT_EQ(der, *rig.token->list().certificates[0].der);
        EXPECT_EQ(1U, rig.token->list().keys.size());
      });
}

TEST_P(Interrupted, WhileAKeyIsDeleted) {
  ObjectRef ref;
  survive_power_loss(
      GetParam(), [&](Rig& rig) { ref = rig.generate(1024, "key", {0x07}); },
      [&](Rig& rig) { delete_pair(*rig.token, ref); },
      [](Rig& rig) {
        const auto keys = rig.token->list().keys;
        for (const Key& key : keys) delete_pair(*rig.token, key.ref);
        rig.generate(1024, "again", {0x08});
        EXPECT_EQ(1U, rig.token->list().keys.size());
      });
}

TEST_P(Interrupted, WhileNamesChange) {
  ObjectRef ref;
  survive_power_loss(
      GetParam(), [&](Rig& rig) { ref = rig.generate(1024, "key", {0x07}); },
      [&](Rig& rig) {
        ObjectChange change;
        change.label = "another name";
        change.id = Bytes{0x08, 0x09};
        rig.token->change_key(ref, change);
      },
      [](Rig& rig) {
        const auto keys = rig.token->list().keys;
        ASSERT_FALSE(keys.empty());
        for (const Key& key : keys)
          EXPECT_TRUE(key.id == Bytes{0x07} || key.id == (Bytes{0x08, 0x09}));
        EXPECT_TRUE(rig.token->list().odd.empty());
      });
}

}  // namespace
}  // namespace kilt::jacarta::test
