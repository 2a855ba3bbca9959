// Cards that the vendors' software filled, each in its own conventions, and a card whose secure
// channel is tampered with.
#include <algorithm>

#include "apdu/secure_messaging.h"
#include "drivers/errors.h"
#include "tests/drivers/jacarta/rsa_check.h"
#include "tests/drivers/jacarta/token_rig.h"

namespace kilt::jacarta::test {
namespace {

class Filled : public ::testing::TestWithParam<std::string> {
 protected:
  Filled() : rig_(GetParam(), {{"state", "filled"}}) { rig_.log_in(); }
  Token& token() { return *rig_.token; }

  Rig rig_;
};
INSTANTIATE_TEST_SUITE_P(Jacarta, Filled, ::testing::Values("aladdin", "athena"));

TEST_P(Filled, EveryKeyWorks) {
  const auto keys = token().list().keys;
  ASSERT_FALSE(keys.empty());
  for (const Key& key : keys) {
    SCOPED_TRACE(key.label);
    EXPECT_TRUE(key.has_private && key.has_public);
    EXPECT_FALSE(key.id.empty());
    EXPECT_TRUE(
        verifies(*public_key(key.public_key), "text",
                 token().sign(key, SignScheme::kRsaPkcs1, Hash::kNone, digest_info("text"))));
  }
}

TEST_P(Filled, CertificatesHaveTheirKeys) {
  for (const Certificate& certificate : token().list().certificates) {
    EXPECT_TRUE(std::ranges::any_of(token().list().keys,
                                    [&](const Key& key) { return key.id == certificate.id; }));
    EXPECT_EQ(*certificate.der, token().read_certificate(certificate.ref));
  }
  for (const DataObject& data : token().list().data) EXPECT_NO_THROW(token().read_data(data.ref));
}

TEST_P(Filled, NothingIsCalledDamaged) {
  for (const OddObject& odd : token().list().odd)
    EXPECT_EQ(std::string::npos, odd.description.find("damaged")) << odd.description;
}

TEST_P(Filled, OursComeBesideTheirs) {
  const auto before = token().list();
  const ObjectRef ref = rig_.generate(1024, "ours", {0x77});
  Certificate certificate;
  certificate.id = {0x77};
  token().write_certificate(certificate, self_signed(*public_key(rig_.key(ref).public_key), "x"));
  token().write_data({}, to_bytes("value"));
  rig_.restart();
  rig_.log_in();
  const auto& after = token().list();
  EXPECT_EQ(before.keys.size() + 1, after.keys.size());
  EXPECT_EQ(before.certificates.size() + 1, after.certificates.size());
  EXPECT_EQ(before.data.size() + 1, after.data.size());
  EXPECT_EQ(before.odd.size(), after.odd.size());
  for (const Key& key : before.keys)
    EXPECT_TRUE(
        verifies(*public_key(key.public_key), "text",
                 token().sign(key, SignScheme::kRsaPkcs1, Hash::kNone, digest_info("text"))));
}

TEST_P(Filled, TheirsAreRenamedAndDeleted) {
  const auto first = token().list();
  ObjectChange change;
  change.label = "renamed";
  change.id = Bytes{0x31, 0x41};
  token().change_key(first.keys[0].ref, change);
  EXPECT_EQ("renamed", rig_.key(first.keys[0].ref).label);
  EXPECT_TRUE(rig_.key(first.keys[0].ref).has_public);
  for (const Key& key : first.keys) delete_pair(token(), key.ref);
  for (const Certificate& certificate : first.certificates)
    token().delete_certificate(certificate.ref);
  for (const DataObject& data : first.data) token().delete_data(data.ref);
  rig_.restart();
  rig_.log_in();
  EXPECT_TRUE(token().list().keys.empty());
  EXPECT_TRUE(token().list().certificates.empty());
  EXPECT_TRUE(token().list().data.empty());
  EXPECT_EQ(first.odd.size(), token().list().odd.size());
}

TEST(Channel, SpoiltAnswersEndIt) {
  for (const char* spoilt : {"bad-mac", "no-mac", "double-mac", "plain"}) {
    SCOPED_TRACE(spoilt);
    Rig rig("athena", {{"secure-answer", spoilt}});
    EXPECT_THROW(rig.token->change_pin(PinRole::kUser, pin(kUserPin), pin("445566")),
                 apdu::ChannelBroken);
    EXPECT_THROW(rig.token->write_data({}, to_bytes("x")), NotLoggedIn);
    rig.set("secure-answer", "right");
    const bool old_one_holds = [&] {
      try {
        rig.log_in();
        return true;
      } catch (const WrongPin&) {
        return false;
      }
    }();
    // The spoilt answer came to SELECT, before the PIN was sent.
    EXPECT_TRUE(old_one_holds);
  }
}

}  // namespace
}  // namespace kilt::jacarta::test
