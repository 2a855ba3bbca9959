// The driver on the virtual 72K and 5110, in every reading that the public facts leave open.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/errors.h"
#include "tests/drivers/etoken/rsa_check.h"
#include "tests/support/driver_rig.h"

namespace kilt::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const char* const kPin = "1234567890";
constexpr Byte kAuthenticate = 0x11;

class VirtualApplet : public testing::Test {
 protected:
  Token& open(const std::string& kind,
              std::initializer_list<std::pair<const char*, const char*>> switches = {}) {
    rig_.emplace(kind);
    for (const auto& [key, value] : switches) set(key, value);
    return rig_->open();
  }
  void set(const std::string& key, const std::string& value) {
    rig_->virtual_card->card().set(key, value);
  }
  /// Signs, verifies, deciphers with the only RSA key.
  void use_rsa(Token& token) {
    const ObjectList objects = token.list();
    ASSERT_THAT(objects.keys, SizeIs(1));
    const Key& key = objects.keys[0];
    EXPECT_EQ("", key.unusable_reason);
    ASSERT_TRUE(std::holds_alternative<RsaPublicKey>(key.public_key));
    const auto& rsa = std::get<RsaPublicKey>(key.public_key);
    EXPECT_EQ(rsa.modulus.size() * 8, key.bits);
    const Bytes block = pkcs1_block(rsa.modulus.size(), Bytes(51, 0x42));
    const Bytes signature = token.sign(key, SignScheme::kRsaRaw, Hash::kNone, block);
    EXPECT_EQ(block, rsa_public(rsa, signature));
    const Bytes cryptogram = rsa_public(rsa, block);
    const SecureBytes clear = token.decrypt(key, DecryptScheme::kRsaRaw, Hash::kNone, cryptogram);
    EXPECT_EQ(block, to_bytes(clear.view()));
  }
  std::optional<DriverRig> rig_;
};

TEST_F(VirtualApplet, LegacyListsSignsAndDeciphers) {
  Token& token = open("etoken-legacy");
  EXPECT_EQ("etoken-applet", token.info().family);
  EXPECT_EQ(1U, token.info().firmware.major);
  EXPECT_EQ(1U, token.info().firmware.minor);
  const ObjectList objects = token.list();
  ASSERT_THAT(objects.certificates, SizeIs(1));
  ASSERT_THAT(objects.keys, SizeIs(1));
  EXPECT_EQ(objects.certificates[0].id, objects.keys[0].id);
  token.login(PinRole::kUser, pin(kPin));
  use_rsa(token);
}

TEST_F(VirtualApplet, Budgets) {
  Token& token = open("etoken-legacy");
  const ObjectList objects = token.list();
  rig_->counter->restart_count();
  token.login(PinRole::kUser, pin(kPin));
  EXPECT_EQ(5U, rig_->counter->count())
      << "select salt, read, challenge, authenticate, and how many tries that leaves";
  rig_->counter->restart_count();
  const Bytes block = pkcs1_block(256, Bytes(51, 0x42));
  (void)token.sign(objects.keys.at(0), SignScheme::kRsaRaw, Hash::kNone, block);
  EXPECT_EQ(2U, rig_->counter->count()) << "select key, operation";
  rig_->counter->restart_count();
  token.list();
  EXPECT_EQ(2U, rig_->counter->count());
}

TEST_F(VirtualApplet, AWrongPinSpendsOneTry) {
  for (const char* kind : {"etoken-legacy", "etoken-current"}) {
    Token& token = open(kind);
    const unsigned before = token.pin_status(PinRole::kUser).tries_left.value();
    rig_->counter->restart_count();
    try {
      token.login(PinRole::kUser, pin("0000"));
      FAIL() << "accepted";
    } catch (const WrongPin& wrong) {
      EXPECT_EQ(before - 1, wrong.tries_left());
    }
    EXPECT_EQ(1U, rig_->counter->count_ins(kAuthenticate));
    EXPECT_EQ(before - 1, token.pin_status(PinRole::kUser).tries_left);
    token.login(PinRole::kUser, pin(kPin));
    EXPECT_EQ(before, token.pin_status(PinRole::kUser).tries_left);
  }
}

TEST_F(VirtualApplet, TheLastTryBlocks) {
  for (const char* last : {"6300", "6983"}) {
    Token& token = open("etoken-legacy", {{"last-try", last}, {"tries-left", "1"}});
    EXPECT_EQ(1U, token.pin_status(PinRole::kUser).tries_left);
    EXPECT_ANY_THROW(token.login(PinRole::kUser, pin("0000")));
    EXPECT_TRUE(token.pin_status(PinRole::kUser).blocked);
    EXPECT_THROW(token.login(PinRole::kUser, pin(kPin)), PinBlocked);
  }
}

TEST_F(VirtualApplet, ALoginForOneCommandIsRenewedOnce) {
  for (const char* login : {"one-use", "next-command"}) {
    SCOPED_TRACE(login);
    Token& token = open("etoken-legacy", {{"login", login}});
    token.login(PinRole::kUser, pin(kPin));
    use_rsa(token);
  }
}

TEST_F(VirtualApplet, AfterLogoutNothingIsRenewed) {
  Token& token = open("etoken-legacy", {{"login", "one-use"}});
  const Key key = token.list().keys.at(0);
  token.login(PinRole::kUser, pin(kPin));
  token.logout();
  rig_->counter->restart_count();
  const Bytes block = pkcs1_block(256, Bytes(51, 0x42));
  EXPECT_THROW((void)token.sign(key, SignScheme::kRsaRaw, Hash::kNone, block), NotLoggedIn);
  EXPECT_EQ(0U, rig_->counter->count_ins(kAuthenticate));
}

TEST_F(VirtualApplet, LogoutEndsTheLoginOnTheCard) {
  for (const char* by : {"aid", "aid-and-mf", "reset"}) {
    SCOPED_TRACE(by);
    Token& token = open("etoken-legacy", {{"logout-by", by}});
    const Key key = token.list().keys.at(0);
    token.login(PinRole::kUser, pin(kPin));
    token.logout();
    const Bytes block = pkcs1_block(256, Bytes(51, 0x42));
    EXPECT_THROW((void)token.sign(key, SignScheme::kRsaRaw, Hash::kNone, block), NotLoggedIn);
    token.login(PinRole::kUser, pin(kPin));
    (void)token.sign(key, SignScheme::kRsaRaw, Hash::kNone, block);
  }
}

// Another program has spent a try meanwhile: perhaps the PIN is another one, and the kept key would
// spend one more.
TEST_F(VirtualApplet, NothingIsRenewedUnlessTheCounterIsAsFullAsAfterTheLogin) {
  Token& token = open("etoken-legacy", {{"login", "one-use"}});
  const Key key = token.list().keys.at(0);
  token.login(PinRole::kUser, pin(kPin));
  const Bytes block = pkcs1_block(256, Bytes(51, 0x42));
  (void)token.sign(key, SignScheme::kRsaRaw, Hash::kNone, block);
  (void)token.sign(key, SignScheme::kRsaRaw, Hash::kNone, block);
  set("tries-left", "4");
  rig_->counter->restart_count();
  EXPECT_THROW((void)token.sign(key, SignScheme::kRsaRaw, Hash::kNone, block), NotLoggedIn);
  EXPECT_EQ(0U, rig_->counter->count_ins(kAuthenticate));
}

// A key kept from before a PIN change would spend a try: it is used once at most, and then gone.
TEST_F(VirtualApplet, AStaleKeyIsTriedOnceAtMost) {
  Token& token = open("etoken-legacy", {{"login", "one-use"}});
  const Key key = token.list().keys.at(0);
  token.login(PinRole::kUser, pin(kPin));
  const Bytes block = pkcs1_block(256, Bytes(51, 0x42));
  (void)token.sign(key, SignScheme::kRsaRaw, Hash::kNone, block);
  set("pin", "another1");
  rig_->counter->restart_count();
  for (int i = 0; i < 3; ++i)
    EXPECT_THROW((void)token.sign(key, SignScheme::kRsaRaw, Hash::kNone, block), NotLoggedIn);
  EXPECT_LE(rig_->counter->count_ins(kAuthenticate), 1U);
}

TEST_F(VirtualApplet, EveryReadingOfTheRsaFacts) {
  for (const char* record : {"analogous", "short", "opaque", "absent"})
    for (const char* open_key : {"6A88", "modulus"}) {
      SCOPED_TRACE(std::string(record) + " " + open_key);
      Token& token = open("etoken-legacy", {{"rsa-record", record}, {"rsa-public", open_key}});
      const bool known = std::string(record) == "analogous" || std::string(record) == "short" ||
                         std::string(open_key) == "modulus";
      token.login(PinRole::kUser, pin(kPin));
      if (known) {
        use_rsa(token);
      } else if (!token.list().keys.at(0).unusable_reason.empty()) {
        EXPECT_THAT(token.list().keys.at(0).unusable_reason, HasSubstr("modulus"));
      }
    }
}

TEST_F(VirtualApplet, EveryReadingOfLengths) {
  for (const char* lengths : {"both", "one-byte", "three-byte"})
    for (const char* bits : {"1024", "2048"}) {
      SCOPED_TRACE(std::string(lengths) + " " + bits);
      if (std::string(bits) == "2048" && std::string(lengths) == "one-byte") continue;
      Token& token = open("etoken-legacy", {{"rsa-bits", bits}, {"rsa-lengths", lengths}});
      token.login(PinRole::kUser, pin(kPin));
      use_rsa(token);
    }
}

TEST_F(VirtualApplet, EveryReadingOfReadAndList) {
  for (const char* end : {"short", "6Cxx", "6282"})
    for (const char* page : {"120", "3", "1"})
      for (const char* more : {"present", "absent"}) {
        SCOPED_TRACE(std::string(end) + " " + page + " " + more);
        Token& token = open("etoken-current", {{"read-end", end},
                                               {"list-page", page},
                                               {"list-more", more},
                                               {"list-order", "sorted"}});
        EXPECT_THAT(token.list().keys, SizeIs(3));
        EXPECT_THAT(token.list().certificates, SizeIs(2));
        EXPECT_THAT(token.list().odd, IsEmpty());
        for (const Certificate& certificate : token.list().certificates)
          EXPECT_FALSE(token.read_certificate(certificate.ref).empty());
      }
}

TEST_F(VirtualApplet, KeysWithSecureMessagingAreRefusedWithAReason) {
  Token& token = open("etoken-legacy", {{"key-security", "sm"}});
  const Key key = token.list().keys.at(0);
  EXPECT_THAT(key.unusable_reason, HasSubstr("secure messaging"));
  token.login(PinRole::kUser, pin(kPin));
  rig_->counter->restart_count();
  EXPECT_THROW((void)token.sign(key, SignScheme::kRsaRaw, Hash::kNone, Bytes(256, 1)),
               NotSupported);
  EXPECT_EQ(0U, rig_->counter->count_ins(0x0C));
}

TEST_F(VirtualApplet, CurrentListsAndLogsInButDoesNotSign) {
  Token& token = open("etoken-current");
  token.login(PinRole::kUser, pin(kPin));
  const ObjectList objects = token.list();
  ASSERT_THAT(objects.keys, SizeIs(3));
  for (const Key& key : objects.keys) EXPECT_THAT(key.unusable_reason, HasSubstr("not public"));
  EXPECT_THROW((void)token.sign(objects.keys[0], SignScheme::kEcdsa, Hash::kNone, Bytes(32, 1)),
               NotSupported);
  EXPECT_EQ(1U, token.info().firmware.major);
  EXPECT_EQ(8U, token.info().firmware.minor);
}

TEST_F(VirtualApplet, PinsInOtherCharacters) {
  Token& token = open("etoken-current", {{"pin", "\xD3\x99\xD1\x80\xD1\x96\xD0\xBF"}});
  token.login(PinRole::kUser, pin("\xD3\x99\xD1\x80\xD1\x96\xD0\xBF"));
}

TEST_F(VirtualApplet, WhatIsNotPublicIsRefusedBeforeAnyCommand) {
  Token& token = open("etoken-legacy");
  token.list();
  rig_->counter->restart_count();
  EXPECT_THROW(token.change_pin(PinRole::kUser, pin(kPin), pin("12345678")), NotSupported);
  EXPECT_THROW(token.init_user_pin(pin(kPin)), NotSupported);
  EXPECT_THROW(token.format({}), NotSupported);
  EXPECT_THROW((void)token.generate_key({}), NotSupported);
  EXPECT_THROW((void)token.write_certificate({}, Bytes{0x30, 0x00}), NotSupported);
  EXPECT_THROW(token.delete_key(token.list().keys.at(0).ref, KeyHalf::kPrivate), NotSupported);
  for (const auto& [function, state] : token.capabilities().functions)
    EXPECT_EQ(state.availability != Availability::kUnavailable, state.reason.empty());
}

}  // namespace
}  // namespace kilt::test
