// The CardOS driver makes a token usable and changes its objects, on every reading of what the
// public facts leave open.
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apdu/tlv.h"
#include "drivers/errors.h"
#include "drivers/pkcs15/last_update.h"
#include "tests/drivers/etoken/rsa_check.h"
#include "tests/support/delete_pair.h"
#include "tests/support/driver_rig.h"

namespace kilt::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const Bytes kData = to_bytes("some data");

KeySpec spec(unsigned bits, Byte id, bool decrypt) {
  KeySpec spec;
  spec.bits = bits;
  spec.id = {id};
  spec.label = "key";
  spec.usage.sign = true;
  spec.usage.decrypt = decrypt;
  return spec;
}

class CardOsWriting : public testing::Test {
 protected:
  CardOsWriting() : rig_("cardos") {}

  void format(const char* user_pin = "2468", bool without_so_pin = false) {
    FormatRequest request;
    request.label = "Written";
    request.so_pin = pin("87654321");
    request.user_pin = pin(user_pin);
    request.erase_without_so_pin = without_so_pin;
    rig_.open().format(request);
  }
  Token& ready() {
    format();
    return logged_in();
  }
  Token& logged_in() {
    Token& token = rig_.open();
    token.login(PinRole::kUser, pin("2468"));
    return token;
  }
  void set(const char* name, const char* value) { rig_.virtual_card->card().set(name, value); }

  static const Key& key_of(Token& token, Byte id) {
    for (const Key& key : token.list().keys)
      if (key.id == Bytes{id}) return key;
    throw ObjectNotFound("no such key");
  }
  /// Signs and deciphers as its usage says.
  static void expect_works(Token& token, Byte id) {
    const Key key = key_of(token, id);
    ASSERT_TRUE(key.has_private && key.has_public);
    const auto rsa = std::get<RsaPublicKey>(token.read_public_key(key.ref));
    ASSERT_EQ(key.bits, 8 * rsa.modulus.size());
    const Bytes block = pkcs1_block(rsa.modulus.size(), Bytes(51, 0x42));
    const Bytes signature = token.sign(key, SignScheme::kRsaRaw, Hash::kNone, block);
    EXPECT_EQ(block, rsa_public(rsa, signature));
    if (!key.usage.decrypt) return;
    const SecureBytes text =
        token.decrypt(key, DecryptScheme::kRsaRaw, Hash::kNone, rsa_public(rsa, block));
    EXPECT_EQ(block, to_bytes(text.view()));
  }

  DriverRig rig_;
};

TEST_F(CardOsWriting, FormatsABlankToken) {
  Token& blank = rig_.open();
  EXPECT_FALSE(blank.info().initialized);
  EXPECT_EQ(Availability::kNative,
            blank.capabilities().functions.at(Function::kInitToken).availability);
  format();
  Token& token = rig_.open();
  EXPECT_TRUE(token.info().initialized);
  EXPECT_FALSE(token.info().write_protected);
  EXPECT_EQ("Written", token.info().label);
  EXPECT_TRUE(token.pin_status(PinRole::kUser).initialized);
  EXPECT_THAT(token.list().odd, IsEmpty());
  rig_.counter->restart_count();
  token.login(PinRole::kUser, pin("2468"));
  EXPECT_EQ(1U, rig_.counter->count_ins(0x20));
}

TEST_F(CardOsWriting, FormatWithoutUserPinLeavesItToTheSo) {
  format("");
  Token& fresh = rig_.open();
  EXPECT_FALSE(fresh.pin_status(PinRole::kUser).initialized);
  EXPECT_THROW(fresh.login(PinRole::kUser, pin("2468")), PinNotInitialized);
  EXPECT_THROW(fresh.init_user_pin(pin("2468")), NotLoggedIn);
  Token& token = rig_.open();
  EXPECT_FALSE(token.pin_status(PinRole::kUser).initialized);
  token.login(PinRole::kSo, pin("87654321"));
  token.init_user_pin(pin("2468"));
  token.logout();
  token.login(PinRole::kUser, pin("2468"));
  EXPECT_TRUE(token.pin_status(PinRole::kUser).initialized);
}

TEST_F(CardOsWriting, FormatsAgainOnlyWithTheSoPin) {
  for (const char* delete_df : {"empty", "any"}) {
    set("delete-df", delete_df);
    Token& token = ready();
    (void)token.generate_key(spec(1024, 1, true));
    token.logout();
    FormatRequest wrong;
    wrong.label = "Never";
    wrong.so_pin = pin("00000000");
    rig_.counter->restart_count();
    EXPECT_THROW(rig_.open().format(wrong), WrongPin);
    EXPECT_EQ(1U, rig_.counter->count_ins(0x20));
    EXPECT_THROW(format("2468", true), WriteProtected);
    EXPECT_THAT(rig_.open().list().keys, SizeIs(1));
    format("1357");
    EXPECT_THAT(rig_.open().list().keys, IsEmpty()) << delete_df;
    format();
  }
}

TEST_F(CardOsWriting, PinLengthsAreCheckedFirst) {
  format();
  rig_.counter->restart_count();
  FormatRequest request;
  request.so_pin = pin("1234");
  EXPECT_THROW(rig_.open().format(request), PinLength);
  request.so_pin = pin("87654321");
  request.user_pin = pin("123456789");
  EXPECT_THROW(rig_.open().format(request), PinLength);
  EXPECT_EQ(0U, rig_.counter->count_ins(0x20));
  EXPECT_EQ(0U, rig_.counter->count_ins(0xE4));
}

TEST_F(CardOsWriting, MakesKeysOfEveryKind) {
  for (const char* update : {"df", "object"}) {
    set("object-update", update);
    Token& token = ready();
    (void)token.generate_key(spec(2048, 1, true));
    (void)token.generate_key(spec(2048, 2, false));
    (void)token.generate_key(spec(1024, 3, true));
    (void)token.generate_key(spec(768, 4, false));
    (void)token.import_key(spec(2048, 5, true), make_private_key(2048));
    (void)token.import_key(spec(1024, 6, false), make_private_key(1024));
    Token& other = logged_in();
    ASSERT_THAT(other.list().keys, SizeIs(6));
    for (Byte id = 1; id <= 6; ++id) expect_works(other, id);
  }
}

TEST_F(CardOsWriting, Budgets) {
  (void)ready().generate_key(spec(2048, 1, true));
  Token& token = rig_.open();
  (void)token.list();
  rig_.counter->restart_count();
  token.login(PinRole::kUser, pin("2468"));
  EXPECT_EQ(2U, rig_.counter->count()) << "select the DF, verify";
  const Key key = key_of(token, 1);
  const Bytes block = pkcs1_block(256, Bytes(51, 0x42));
  for (int i = 0; i < 2; ++i) {
    rig_.counter->restart_count();
    (void)token.sign(key, SignScheme::kRsaRaw, Hash::kNone, block);
    EXPECT_EQ(3U, rig_.counter->count()) << "select the DF, choose the key, operation";
  }
  // Whether the directories can be written was seen when they were read.
  rig_.counter->restart_count();
  EXPECT_EQ(Availability::kNative,
            token.capabilities().functions.at(Function::kGenerateKey).availability);
  EXPECT_EQ(0U, rig_.counter->count());
}

// What a login read of the directories tells the list; a change ends that.
TEST_F(CardOsWriting, ListsWithoutALook) {
  pkcs15::set_clock([] { return std::time(nullptr) + 3600; });  // the token's mark is settled
  (void)ready().generate_key(spec(512, 1, false));
  pkcs15::set_clock([] { return std::time(nullptr) + 7200; });
  EXPECT_EQ(nullptr, rig_.open().remembered_list());
  Token& token = logged_in();
  rig_.counter->restart_count();
  const ObjectList* list = token.remembered_list();
  ASSERT_NE(nullptr, list);
  EXPECT_EQ(1U, list->keys.size());
  EXPECT_EQ(0U, rig_.counter->count());
  token.write_data({}, kData);
  EXPECT_EQ(nullptr, token.remembered_list());
  EXPECT_EQ(1U, token.list().data.size());
  pkcs15::set_clock([] { return std::time(nullptr); });
}

TEST_F(CardOsWriting, WhatItCannotMakeIsRefusedWithAReason) {
  Token& token = ready();
  KeySpec ec;
  ec.type = KeyType::kEc;
  EXPECT_THROW((void)token.generate_key(ec), NotSupported);
  EXPECT_THROW((void)token.generate_key(spec(4096, 1, true)), NotSupported);
  EXPECT_THROW((void)token.generate_key(spec(1000, 1, true)), NotSupported);
  KeySpec three = spec(2048, 1, true);
  three.public_exponent = {3};
  EXPECT_THROW((void)token.generate_key(three), NotSupported);
  EXPECT_THAT(logged_in().list().keys, IsEmpty());
}

TEST_F(CardOsWriting, WithoutLoginNothingIsMade) {
  format();
  Token& token = rig_.open();
  const auto before = rig_.virtual_card->card().save();
  EXPECT_THROW((void)token.generate_key(spec(1024, 1, true)), NotLoggedIn);
  EXPECT_THROW((void)token.write_certificate({}, Bytes(100, 0x30)), NotLoggedIn);
  EXPECT_THAT(rig_.open().list().keys, IsEmpty());
}

TEST_F(CardOsWriting, CertificatesAndDataAreWrittenRenamedDeleted) {
  Token& token = ready();
  (void)token.generate_key(spec(1024, 1, true));
  // Nothing on the token looks into a certificate.
  const Bytes der = tlv::encode(0x30, Bytes(700, 0x42));
  Certificate certificate;
  certificate.id = {1};
  certificate.label = "certificate";
  const ObjectRef ref = token.write_certificate(certificate, der);
  DataObject open, secret;
  open.label = "open";
  secret.label = "secret";
  secret.is_private = true;
  const ObjectRef open_ref = token.write_data(open, kData);
  const ObjectRef secret_ref = token.write_data(secret, kData);
  ObjectChange change;
  change.id = Bytes{9};
  change.label = "new";
  token.change_key(key_of(token, 1).ref, change);

  Token& other = logged_in();
  EXPECT_EQ(der, other.read_certificate(ref));
  ASSERT_THAT(other.list().certificates, SizeIs(1));
  EXPECT_EQ(Bytes{9}, other.list().certificates.at(0).id);
  EXPECT_EQ("new", key_of(other, 9).label);
  EXPECT_EQ(kData, other.read_data(open_ref));
  EXPECT_EQ(kData, other.read_data(secret_ref));
  other.logout();
  EXPECT_EQ(kData, other.read_data(open_ref));
  EXPECT_THROW((void)other.read_data(secret_ref), NotLoggedIn);

  Token& last = logged_in();
  (void)last.list();
  last.delete_certificate(ref);
  (void)last.list();
  last.delete_data(secret_ref);
  (void)last.list();
  last.delete_data(open_ref);
  EXPECT_THAT(last.list().certificates, IsEmpty());
  EXPECT_THAT(last.list().data, IsEmpty());
}

// CardOS has no command that deletes a key: another takes its place, and its number is free again
// where the card lets the user overwrite.
TEST_F(CardOsWriting, ADeletedKeyIsDestroyed) {
  for (const char* update : {"df", "object"}) {
    set("object-update", update);
    Token& token = ready();
    for (const unsigned bits : {1024U, 2048U}) {
      (void)token.generate_key(spec(bits, 1, true));
      const Key key = key_of(token, 1);
      const auto keys_of = [&]() -> nlohmann::json {
        const nlohmann::json state = rig_.virtual_card->card().save();
        for (const auto& file : state.at("files").at("children"))
          if (file.contains("keys")) return file.at("keys");
        throw ObjectNotFound("no keys");
      };
      const auto before = keys_of();
      delete_pair(token, key.ref);
      EXPECT_THAT(token.list().keys, IsEmpty());
      EXPECT_NE(before, keys_of());
    }
    (void)token.generate_key(spec(1024, 2, false));
    expect_works(logged_in(), 2);
  }
}

TEST_F(CardOsWriting, SixteenKeysAreTheMost) {
  set("object-update", "df");
  Token& token = ready();
  for (int i = 0; i < 16; ++i) (void)token.generate_key(spec(512, static_cast<Byte>(i), true));
  EXPECT_THROW((void)token.generate_key(spec(512, 0x20, true)), TokenFull);
  delete_pair(token, key_of(token, 3).ref);
  // The number is taken for the card, which lets only the SO overwrite keys.
  EXPECT_THROW((void)token.generate_key(spec(512, 0x20, true)), TokenFull);
  set("object-update", "object");
  (void)token.generate_key(spec(512, 0x20, true));
  expect_works(token, 0x20);
}

TEST_F(CardOsWriting, UserPhaseIsLeftForWriting) {
  format();
  set("phase", "user");
  Token& token = logged_in();
  (void)token.generate_key(spec(512, 1, true));
  expect_works(token, 1);
}

TEST_F(CardOsWriting, PinsAreChangedBlockedUnblocked) {
  for (const char* rc : {"no", "yes"}) {
    set("verify-rc", rc);
    format();
    Token& token = rig_.open();
    rig_.counter->restart_count();
    EXPECT_THROW(token.change_pin(PinRole::kUser, pin("2468"), pin("123")), PinLength);
    EXPECT_EQ(0U, rig_.counter->count_ins(0x24));
    EXPECT_THROW(token.change_pin(PinRole::kUser, pin("0000"), pin("1357")), WrongPin);
    EXPECT_EQ(1U, rig_.counter->count_ins(0x24));
    EXPECT_TRUE(token.pin_status(PinRole::kUser).count_low);
    token.change_pin(PinRole::kUser, pin("2468"), pin("1357"));
    EXPECT_FALSE(token.pin_status(PinRole::kUser).count_low);
    rig_.counter->restart_count();
    for (unsigned left = 5; left > 0; --left)
      EXPECT_THROW(token.login(PinRole::kUser, pin("0000")), WrongPin);
    EXPECT_THROW(token.login(PinRole::kUser, pin("1357")), PinBlocked);
    EXPECT_EQ(6U, rig_.counter->count_ins(0x20));
    EXPECT_TRUE(token.pin_status(PinRole::kUser).blocked);
    token.login(PinRole::kSo, pin("87654321"));
    token.init_user_pin(pin("2468"));
    token.logout();
    token.login(PinRole::kUser, pin("2468"));
    token.logout();
    token.change_pin(PinRole::kSo, pin("87654321"), pin("12348765"));
    token.login(PinRole::kSo, pin("12348765"));
    token.change_pin(PinRole::kSo, pin("12348765"), pin("87654321"));
  }
}

TEST_F(CardOsWriting, UnblockingThatTheCardRefusesIsSaid) {
  format();
  set("object-update", "object");
  Token& token = rig_.open();
  token.login(PinRole::kSo, pin("87654321"));
  try {
    token.init_user_pin(pin("1357"));
    FAIL() << "the card should have refused";
  } catch (const NotSupported& reason) {
    EXPECT_THAT(reason.what(), HasSubstr("--unblock-pin"));
  }
}

// The power fails at each write: what is seen afterwards is whole, and trying again works.
class CardOsPowerLoss : public CardOsWriting {
 protected:
  void at_every_write(const std::function<void(Token&)>& work,
                      const std::function<void(Token&)>& check) {
    const auto before = rig_.virtual_card->card().save();
    for (int write = 1;; ++write) {
      SCOPED_TRACE(write);
      rig_.virtual_card->card().load(before);
      Token& token = logged_in();
      (void)token.list();
      set("power-loss", std::to_string(write).c_str());
      bool done = true;
      try {
        work(token);
      } catch (const Error&) {
        done = false;
      }
      set("power-loss", "0");
      Token& after = logged_in();
      EXPECT_THAT(after.list().odd, IsEmpty());
      // A pair is deleted half by half: the public one may be left for a while.
      for (const Key& key : after.list().keys)
        if (key.has_private) expect_works(after, key.id.at(0));
      if (!done) {
        try {
          work(after);
        } catch (const ObjectNotFound&) {  // the first attempt had come through
        }
      }
      check(logged_in());
      if (done) return;
      ASSERT_LT(write, 200);
    }
  }
};

TEST_F(CardOsPowerLoss, WhileAKeyIsMade) {
  ready();
  at_every_write(
      [](Token& token) {
        if (token.list().keys.empty()) (void)token.generate_key(spec(512, 1, true));
      },
      [](Token& token) {
        ASSERT_THAT(token.list().keys, SizeIs(1));
        expect_works(token, 1);
      });
}

TEST_F(CardOsPowerLoss, WhileAKeyIsDeleted) {
  (void)ready().generate_key(spec(512, 1, true));
  at_every_write(
      [](Token& token) {
        const auto keys = token.list().keys;
        for (const Key& key : keys) delete_pair(token, key.ref);
      },
      [](Token& token) { EXPECT_THAT(token.list().keys, IsEmpty()); });
}

TEST_F(CardOsPowerLoss, WhileItIsFormatted) {
  format();
  const auto before = rig_.virtual_card->card().save();
  for (int write = 1;; ++write) {
    SCOPED_TRACE(write);
    rig_.virtual_card->card().load(before);
    (void)rig_.open();
    set("power-loss", std::to_string(write).c_str());
    bool done = true;
    try {
      format("1357");
    } catch (const Error&) {
      done = false;
    }
    set("power-loss", "0");
    if (!done) format("1357");
    Token& token = rig_.open();
    token.login(PinRole::kUser, pin("1357"));
    (void)token.generate_key(spec(512, 1, true));
    if (done) return;
    ASSERT_LT(write, 200);
  }
}

}  // namespace
}  // namespace kilt::test
