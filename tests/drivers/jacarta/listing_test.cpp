// What is read again and when; what is damaged, foreign or interrupted.
#include <algorithm>
#include <set>

#include "drivers/errors.h"
#include "drivers/jacarta/attribute_file.h"
#include "tests/drivers/jacarta/recordings.h"
#include "tests/drivers/jacarta/rsa_check.h"
#include "tests/drivers/jacarta/token_rig.h"

namespace kilt::jacarta::test {
namespace {

class Listings : public BothPersonalities {
 protected:
  void SetUp() override {
    BothPersonalities::SetUp();
    rig_->log_in();
  }
  std::size_t cost_of_listing() {
    rig_->restart_count();
    token().list();
    return rig_->count();
  }
};
INSTANTIATE_TEST_SUITE_P(Jacarta, Listings, ::testing::Values("aladdin", "athena"));

TEST_P(Listings, SecondCostsTwoCommands) {
  rig_->generate();
  token().write_data({}, to_bytes("value"));
  const auto generation = token().list().generation;
  EXPECT_EQ(2U, cost_of_listing());  // SELECT, READ of the counters
  EXPECT_EQ(generation, token().list().generation);
  token().logout();
  rig_->log_in();
  EXPECT_EQ(2U, cost_of_listing()) << "a new login opens nothing here";
}

TEST_P(Listings, OwnChangeReadsTheNewOnly) {
  for (Byte i = 0; i < 5; ++i) rig_->generate(1024, "key", {i});
  token().list();
  token().write_data({}, to_bytes("value"));
  EXPECT_LE(cost_of_listing(), 2U + 4U + 2U);  // counters, two directories, one file
  EXPECT_EQ(5U, token().list().keys.size());
}

TEST_P(Listings, ForeignChangeIsNoticed) {
  const ObjectRef ours = rig_->generate(1024, "ours", {0x01});
  token().list();
  apdu::Card other_card(rig_->readers.connect("reader"));
  const auto other = open_token(other_card, ProfileSet::builtin());
  other->login(PinRole::kUser, pin(kUserPin));
  ObjectChange change;
  change.label = "renamed by another program";
  other->list();
  other->change_key(ours, change);
  EXPECT_EQ(change.label, rig_->key(ours).label);
  delete_pair(*other, ours);
  EXPECT_TRUE(token().list().keys.empty());
  // Between two of our own changes.
  const ObjectRef second = rig_->generate(1024, "second", {0x02});
  other->write_data({}, to_bytes("theirs"));
  token().write_data({}, to_bytes("ours"));
  EXPECT_EQ(2U, token().list().data.size());
  EXPECT_EQ(2U, other->list().data.size());
  EXPECT_EQ("second", rig_->key(second).label);
}

TEST_P(Listings, CountersAreRaisedBeforeTheChange) {
  token().list();
  rig_->restart_count();
  token().write_data({}, to_bytes("value"));
  const auto& commands = rig_->counter->commands();
  const auto raised = std::ranges::find_if(commands, [](const Bytes& command) {
    return command[1] == 0xD6 && command[3] == 0x04 && command[4] == 0x04;
  });
  const auto created =
      std::ranges::find_if(commands, [](const Bytes& command) { return command[1] == 0xE0; });
  ASSERT_NE(commands.end(), raised);
  EXPECT_LT(raised - commands.begin(), created - commands.begin());
}

TEST_P(Listings, DamagedObjectIsShownAsSuchAndStays) {
  const ObjectRef key = rig_->generate(1024, "key", {0x42});
  Certificate certificate;
  certificate.id = {0x42};  // as the policy above the driver gives it
  token().write_certificate(certificate,
                            self_signed(*public_key(rig_->key(key).public_key), "Somebody"));
  ASSERT_EQ(1U, token().list().certificates.size());
  ASSERT_TRUE(ok(rig_->transmit("80A4080008 3F00 3000 3001 8400")));
  ASSERT_TRUE(ok(rig_->transmit("00D60080 01 5A")));
  token().reset_state();
  rig_->restart();
  rig_->log_in();
  EXPECT_TRUE(token().list().certificates.empty());
  ASSERT_EQ(1U, token().list().odd.size());
  EXPECT_NE(std::string::npos, token().list().odd[0].description.find("hash"));
  EXPECT_EQ(1U, token().list().keys.size());
  // Another certificate for the key does not overwrite it.
  token().write_certificate(certificate,
                            self_signed(*public_key(rig_->key(key).public_key), "Somebody"));
  EXPECT_EQ(1U, token().list().certificates.size());
  EXPECT_EQ(1U, token().list().odd.size());
}

TEST_P(Listings, MapRecordWithoutItsKey) {
  rig_->generate(1024, "key", {0x01});
  // The key goes, its record stays: as after a power failure, or by a careless program.
  for (const char* path : {"3F00 3000 3002 0200", "3F00 3000 3002 0041", "3F00 3000 3001 0140",
                           "3F00 3000 3001 0081"}) {
    ASSERT_TRUE(ok(rig_->transmit(std::string("80A4080008") + path)));
    ASSERT_TRUE(ok(rig_->transmit("00E40000")));
  }
  rig_->restart();
  rig_->log_in();
  EXPECT_TRUE(token().list().keys.empty());
  EXPECT_TRUE(token().list().odd.empty());
  rig_->generate(1024, "another", {0x02});
  EXPECT_EQ(1U, token().list().keys.size());
}

TEST_P(Listings, ForeignFilesAreLeftAlone) {
  // An unknown number, a left-over of zeros, a vendor's attribute.
  const auto create = [&](const std::string& id, const std::string& size) {
    ASSERT_TRUE(ok(rig_->transmit("80A4080006 3F00 3000 3001")));
    ASSERT_TRUE(ok(rig_->transmit("00E0010017 6215 8A0104 8302" + id + " 8002" + size +
                                  " 8608 0000000000000000")));
    ASSERT_TRUE(ok(rig_->transmit("80A4080008 3F00 3000 3001" + id)));
  };
  create("D07E", "0010");
  create("0346", "012F");
  ASSERT_TRUE(ok(rig_->transmit("00D60000 0B 0000000000000000000000")));
  create("060F", "0014");
  ASSERT_TRUE(ok(rig_->transmit("00D60000 14 00 0606 0F 0010 01 C000 10 0004 11223344 00000000")));
  rig_->restart();
  rig_->log_in();
  EXPECT_EQ(1U, token().list().odd.size()) << "the left-over";
  ASSERT_EQ(1U, token().list().data.size());
  ObjectChange change;
  change.label = "named";
  token().change_data(token().list().data[0].ref, change);
  ASSERT_TRUE(ok(rig_->transmit("80A4080008 3F00 3000 3001 060F")));
  EXPECT_NE(std::string::npos, to_hex(rig_->transmit("00B0000000")).find("C00010000411223344"))
      << "what we do not know stays";
  EXPECT_TRUE(ok(rig_->transmit("80A4080008 3F00 3000 3001 D07E")));
}

TEST(Listings, OtherReadingsOfThePublicFacts) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"read-more", "9000"},
                                                        {"create-selects", "yes"},
                                                        {"long-list", "truncated"},
                                                        {"fill", "FF"},
                                                        {"resize-rule", "admin"},
                                                        {"applet-select", "keeps"},
                                                        {"applet", "preselected"}}) {
    SCOPED_TRACE(name);
    Rig rig("aladdin", {{name, value}});
    rig.log_in();
    for (Byte i = 0; i < 29; ++i) rig.generate(1024, "a key with a name", {i});
    const ObjectRef ref = rig.generate(1024, "last", {0x55});
    ObjectChange change;
    change.label = "another and longer name than before";
    rig.token->change_key(ref, change);
    Certificate certificate;
    certificate.id = {0x55};
    rig.token->write_certificate(certificate, self_signed(*make_key(1024), "Somebody"));
    rig.restart();
    rig.log_in();
    EXPECT_EQ(30U, rig.token->list().keys.size());
    EXPECT_EQ(1U, rig.token->list().certificates.size());
    EXPECT_EQ(change.label, rig.key(ref).label);
    for (const OddObject& odd : rig.token->list().odd) ADD_FAILURE() << odd.description;
    for (const Key& key : rig.token->list().keys) EXPECT_TRUE(key.has_public);
  }
}

/// Gives a recording's commands to the virtual card, which takes its random numbers from it. The
/// moduli are of keys the card makes now.
void replay(Rig& rig, const Recording& recording) {
  std::map<std::string, std::string> moduli;
  for (const Exchange& exchange : recording.exchanges) {
    const Byte ins = exchange.command.bytes[1];
    if (ins == 0x84 || (ins == 0x86 && exchange.data().size() == 32))
      rig.set("random", to_hex(exchange.data()));
    std::string command = to_hex(exchange.command.bytes);
    for (const auto& [recorded, ours] : moduli) {
      const auto at = command.find(recorded);
      if (at != std::string::npos) command.replace(at, recorded.size(), ours);
    }
    const Bytes answer = rig.transmit(command);
    if (ins == 0x48 && exchange.data().size() == 140 && answer.size() == 142)
      moduli[to_hex(exchange.data().subspan(7, 128))] = to_hex(BytesView(answer).subspan(7, 128));
  }
}

TEST(Listings, ObjectsThatAthenasSoftwareMade) {
  Rig rig("athena", {{"user-pin", "12345"}});
  replay(rig, recording("hw-generate-rsa1024-several"));
  rig.restart();
  // Its public halves are private objects.
  for (const Key& key : rig.token->list().keys) EXPECT_FALSE(key.has_public);
  rig.token->login(PinRole::kUser, pin("12345"));
  const auto keys = rig.token->list().keys;
  for (const OddObject& odd : rig.token->list().odd) ADD_FAILURE() << odd.description;
  ASSERT_EQ(4U, keys.size());
  std::set<std::string> labels;
  for (const Key& key : keys) {
    labels.insert(key.label);
    EXPECT_TRUE(key.has_private && key.has_public) << key.label;
    EXPECT_TRUE(key.local);
    EXPECT_EQ(1024U, key.bits);
    EXPECT_TRUE(
        verifies(*public_key(key.public_key), "text",
                 rig.token->sign(key, SignScheme::kRsaPkcs1, Hash::kNone, digest_info("text"))))
        << key.label;
  }
  EXPECT_EQ((std::set<std::string>{"Helen", "Hera"}), labels);
  // Changed and deleted where they are.
  ObjectChange change;
  change.label = "renamed";
  rig.token->change_key(keys[0].ref, change);
  EXPECT_EQ("renamed", rig.key(keys[0].ref).label);
  delete_pair(*rig.token, keys[1].ref);
  EXPECT_EQ(3U, rig.token->list().keys.size());
  rig.generate(1024, "ours", {0x66});
  EXPECT_EQ(4U, rig.token->list().keys.size());
  EXPECT_TRUE(rig.token->list().odd.empty());
}

}  // namespace
}  // namespace kilt::jacarta::test
