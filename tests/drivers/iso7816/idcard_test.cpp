// The ID card's profile on the virtual SOMA card.
#include <fstream>

#include <gmock/gmock.h>

#include "drivers/crypto/spki.h"
#include "tests/drivers/iso7816/check.h"
#include "tests/support/card_test.h"

namespace kilt::test {
namespace {

const std::string kPin = "1234";

class IdCardTest : public CardTest {
 protected:
  void card(const Settings& settings = {}) { insert("idcard", settings); }
  Key first_key() {
    const auto& keys = token().list().keys;
    EXPECT_FALSE(keys.empty());
    return keys.empty() ? Key{} : keys.front();
  }
  static const RsaPublicKey& rsa(const Key& key) { return std::get<RsaPublicKey>(key.public_key); }
  static KeySpec spec() {
    KeySpec wanted;
    wanted.usage.sign = true;
    return wanted;
  }
  static void write(const std::filesystem::path& file, BytesView contents) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << to_text(contents);
  }
};

TEST_F(IdCardTest, ShowsWhatTheContainersHold) {
  for (const char* filled : {"0", "1", "2"}) {
    card({{"containers", "2"}, {"filled", filled}});
    const ObjectList& list = bind().list();
    EXPECT_EQ(std::stoul(filled), list.keys.size());
    for (const Key& key : list.keys) {
      EXPECT_EQ(2048U, key.bits);
      EXPECT_EQ(crypto::key_id(key.public_key), key.id);
      EXPECT_TRUE(key.usage.sign);
      EXPECT_TRUE(key.unusable_reason.empty());
    }
    EXPECT_TRUE(list.certificates.empty());
  }
  card({{"containers", "4"}, {"filled", "4"}});
  EXPECT_EQ(4U, bind().list().keys.size());
}

TEST_F(IdCardTest, TellsWhatItIs) {
  card();
  const TokenInfo info = bind().info();
  EXPECT_EQ("KZ ID card", info.label);
  EXPECT_EQ("SOMA-c007-DS1a", info.model);
  EXPECT_EQ("iso7816", info.family);
  EXPECT_EQ(16U, info.serial.size());
  EXPECT_EQ(4U, token().pin_status(PinRole::kUser).min_length);
  EXPECT_EQ(8U, token().pin_status(PinRole::kUser).max_length);
  EXPECT_FALSE(token().pin_status(PinRole::kSo).initialized);
}

TEST_F(IdCardTest, KnowsEveryGenerationByItsAtr) {
  for (const char* atr : {"c007a", "c007b", "ds301", "ds303"}) {
    card({{"atr", atr}, {"filled", "1"}});
    EXPECT_EQ(1U, bind().list().keys.size()) << atr;
  }
}

TEST_F(IdCardTest, OtherGenerationsAreToldAndNotGuessedAt) {
  for (const char* atr : {"kasakid", "2022", "contactless"}) {
    card({{"atr", atr}});
    bind();
    EXPECT_FALSE(token().info().login_required);
    EXPECT_TRUE(token().list().keys.empty());
    EXPECT_THROW(login(kPin, PinRole::kUser, 0), NotSupported);
    for (const auto& [function, state] : token().capabilities().functions) {
      EXPECT_EQ(Availability::kUnavailable, state.availability);
      EXPECT_FALSE(state.reason.empty());
    }
    token().pin_status(PinRole::kUser);
    EXPECT_EQ(0U, endpoint_->count()) << atr << ": nothing is sent to a card nobody knows";
  }
  EXPECT_THAT(token().capabilities().functions.at(Function::kSign).reason,
              ::testing::HasSubstr("put it into a reader with a slot"));
}

TEST_F(IdCardTest, SignsWithEveryHash) {
  card();
  login(kPin);
  const Key key = first_key();
  for (const Hash hash : {Hash::kSha1, Hash::kSha256, Hash::kSha384, Hash::kSha512}) {
    const Bytes signature =
        token().sign(key, SignScheme::kRsaPkcs1, hash, digest_info(hash, "text"));
    EXPECT_TRUE(verifies(rsa(key), hash, "text", signature));
  }
  EXPECT_THROW(token().sign(key, SignScheme::kRsaPkcs1, Hash::kNone, Bytes(103)), InvalidData);
  EXPECT_THROW(token().sign(key, SignScheme::kRsaRaw, Hash::kNone, Bytes(256)), NotSupported);
}

TEST_F(IdCardTest, CopesWithEveryReadingOfTheFacts) {
  const std::vector<Settings> readings{{{"mse-outside", "6A82"}}, {{"check-order", "key"}},
                                       {{"empty-read", "6A88"}},  {{"empty-read", "modulus-0"}},
                                       {{"rest", "9000"}},        {{"wrong-le", "short"}},
                                       {{"pin-scope", "mf"}},     {{"empty-read", "6900"}}};
  for (const Settings& reading : readings) {
    card(reading);
    bind();
    const std::string what = reading[0].first + "=" + reading[0].second;
    ASSERT_NO_THROW(login(kPin)) << what;
    const auto keys = token().list().keys;
    ASSERT_EQ(2U, keys.size()) << what;
    const Bytes signature = token().sign(keys[1], SignScheme::kRsaPkcs1, Hash::kSha256,
                                         digest_info(Hash::kSha256, "text"));
    EXPECT_TRUE(verifies(rsa(keys[1]), Hash::kSha256, "text", signature)) << what;
  }
}

TEST_F(IdCardTest, WrongPinsAreCountedAndTold) {
  card();
  bind();
  EXPECT_EQ(std::nullopt, token().pin_status(PinRole::kUser).tries_left);
  for (unsigned left = 3; left-- > 0;) {
    try {
      login("9999");
      FAIL();
    } catch (const WrongPin& error) {
      EXPECT_EQ(left, error.tries_left());
    }
    EXPECT_EQ(left, token().pin_status(PinRole::kUser).tries_left);
  }
  EXPECT_TRUE(token().pin_status(PinRole::kUser).blocked);
  EXPECT_THROW(login(kPin), PinBlocked);
}

TEST_F(IdCardTest, PinsTheCardCannotHaveCostNothing) {
  card();
  bind();
  for (const char* pin : {"", "123", "123456789", "12a4"})
    EXPECT_THROW(login(pin, PinRole::kUser, 0), PinLength) << pin;
  EXPECT_NO_THROW(login(kPin));
}

// The dangerous card: VERIFY without data counts as a mistake. It is never sent unless asked for.
TEST_F(IdCardTest, TheCounterIsNotAskedUnlessTheUserAcceptsIt) {
  card({{"empty-verify", "spends"}});
  bind();
  for (int i = 0; i < 5; ++i) token().pin_status(PinRole::kUser);
  EXPECT_EQ(0U, endpoint_->count_ins(0x20));
  EXPECT_NO_THROW(login(kPin));

  host_.accepted = {"kz-idcard-soma"};
  card();
  bind();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(3U, token().pin_status(PinRole::kUser).tries_left);
  EXPECT_EQ(1U, endpoint_->count_ins(0x20));
}

TEST_F(IdCardTest, UntriedCommandsNeedTheUsersConsent) {
  card({{"portuguese", "on"}});
  bind();
  EXPECT_THROW(change_pin(kPin, "4321", 0), NotSupported);
  EXPECT_THROW(login("87654321", PinRole::kSo, 0), NotSupported);
  const auto& state = token().capabilities().functions.at(Function::kChangeUserPin);
  EXPECT_EQ(Availability::kUnavailable, state.availability);
  EXPECT_THAT(state.reason, ::testing::HasSubstr("profiles.unverified"));

  host_.accepted = {"kz-idcard-soma"};
  bind();
  change_pin(kPin, "4321", 2);  // VERIFY with the old one, CHANGE with the new one
  EXPECT_THROW(login(kPin), WrongPin);
  EXPECT_NO_THROW(login("4321"));
}

TEST_F(IdCardTest, UnblocksByAnalogy) {
  host_.accepted = {"kz-idcard-soma"};
  card({{"portuguese", "on"}});
  for (int i = 0; i < 3; ++i) EXPECT_THROW(login("0000"), WrongPin);
  EXPECT_THROW(login(kPin), PinBlocked);
  login("87654321", PinRole::kSo, 0);  // kept for the one command that takes it
  expect_tries(2);                     // VERIFY of the PUK, RESET RETRY COUNTER
  token().init_user_pin(secret("2468"));
  EXPECT_NO_THROW(login("2468"));
  EXPECT_THROW(token().init_user_pin(secret("1357")), NotLoggedIn) << "the PUK was kept";
}

TEST_F(IdCardTest, GeneratesInAFreeContainerOnly) {
  card({{"containers", "4"}, {"filled", "2"}});
  login(kPin);
  const auto before = token().list().keys;
  const ObjectRef third = token().generate_key(spec());
  ASSERT_EQ(3U, token().list().keys.size());
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(before[i].id, token().list().keys[i].id);
  EXPECT_EQ(third, token().list().keys[2].ref);
  const Key fresh = token().list().keys[2];
  EXPECT_TRUE(verifies(rsa(fresh), Hash::kSha256, "text",
                       token().sign(fresh, SignScheme::kRsaPkcs1, Hash::kSha256,
                                    digest_info(Hash::kSha256, "text"))));
  token().generate_key(spec());
  restart_count();
  EXPECT_THROW(token().generate_key(spec()), TokenFull);
  EXPECT_EQ(0U, endpoint_->count_ins(0x46)) << "GENERATE was sent although nothing is free";
}

TEST_F(IdCardTest, GenerationNeedsTheLoginAndTheRightKind) {
  card({{"filled", "0"}});
  bind();
  EXPECT_THROW(token().generate_key(spec()), NotLoggedIn);
  KeySpec other = spec();
  other.bits = 4096;
  EXPECT_THROW(token().generate_key(other), NotSupported);
  other = spec();
  other.public_exponent = {0x03};
  EXPECT_THROW(token().generate_key(other), NotSupported);
}

TEST_F(IdCardTest, ACardWhoseContainersAreMissingIsFull) {
  card({{"containers", "2"}, {"filled", "0"}, {"empty-generate", "6900"}});
  login(kPin);
  EXPECT_THROW(token().generate_key(spec()), TokenFull);
}

TEST_F(IdCardTest, ReplacesAKeyOnlyIfItIsNamed) {
  card({{"containers", "2"}, {"filled", "2"}});
  login(kPin);
  const auto before = token().list().keys;
  KeySpec wanted = spec();
  wanted.replace = Bytes(20, 0x11);
  EXPECT_THROW(token().generate_key(wanted), ObjectNotFound);
  wanted.replace = before[1].id;
  const ObjectRef ref = token().generate_key(wanted);
  const auto& after = token().list().keys;
  ASSERT_EQ(2U, after.size());
  EXPECT_EQ(before[0].id, after[0].id);
  EXPECT_NE(before[1].id, after[1].id);
  EXPECT_NE(before[1].ref, after[1].ref);
  EXPECT_EQ(ref, after[1].ref);
}

TEST_F(IdCardTest, CertificatesOfTheComputerAppearWithTheirKey) {
  card();
  const auto keys = bind().list().keys;
  const Bytes mine = make_certificate(rsa(keys[1]), "Owner");
  RsaPublicKey stranger = rsa(keys[0]);
  stranger.modulus[100] = static_cast<Byte>(stranger.modulus[100] ^ 1);
  write(host_.certificates / "mine.cer", mine);
  write(host_.certificates / "other.crt", make_certificate(stranger, "Stranger"));
  write(host_.certificates / "garbage.der", Bytes(300, 0x30));
  write(host_.certificates / "notes.txt", mine);
  const std::uint64_t generation = token().list().generation;
  const auto certificates = token().list().certificates;
  ASSERT_EQ(1U, certificates.size());
  EXPECT_EQ(keys[1].id, certificates[0].id);
  EXPECT_EQ("Owner", certificates[0].label);
  EXPECT_EQ(mine, token().read_certificate(certificates[0].ref));
  EXPECT_EQ(generation, token().list().generation) << "nothing changed";
  std::filesystem::remove(host_.certificates / "mine.cer");
  EXPECT_TRUE(token().list().certificates.empty());
}

TEST_F(IdCardTest, AStoredCertificateIsKeptOnTheComputerAndTheLogSaysSo) {
  card();
  const auto keys = bind().list().keys;
  const Bytes der = make_certificate(rsa(keys[0]), "Owner");
  const ObjectRef ref = token().write_certificate({}, der);
  ASSERT_EQ(1U, token().list().certificates.size());
  EXPECT_EQ(ref, token().list().certificates[0].ref);
  EXPECT_EQ(keys[0].id, token().list().certificates[0].id);
  ASSERT_FALSE(log_.empty());
  EXPECT_THAT(log_.back(), ::testing::HasSubstr("kept on this computer"));
  const auto file = *std::filesystem::directory_iterator(host_.certificates);
  EXPECT_EQ(std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
            file.status().permissions());
  EXPECT_EQ(ref, token().write_certificate({}, der)) << "the same again is the same";
  EXPECT_EQ(0U, endpoint_->count_ins(0xD6)) << "nothing is written to the card";

  bind();  // another run sees it
  ASSERT_EQ(1U, token().list().certificates.size());
  token().delete_certificate(ref);
  EXPECT_TRUE(token().list().certificates.empty());
  EXPECT_TRUE(std::filesystem::is_empty(host_.certificates));
}

TEST_F(IdCardTest, ACertificateForAnotherKeyIsRefused) {
  card();
  const auto keys = bind().list().keys;
  RsaPublicKey stranger = rsa(keys[0]);
  stranger.modulus[100] = static_cast<Byte>(stranger.modulus[100] ^ 1);
  EXPECT_THROW(token().write_certificate({}, make_certificate(stranger, "x")), Inconsistent);
  EXPECT_THROW(token().write_certificate({}, Bytes(10)), InvalidData);
  host_.certificates.clear();
  bind();
  EXPECT_THROW(token().write_certificate({}, make_certificate(rsa(keys[0]), "x")), NotSupported);
}

TEST_F(IdCardTest, CandidateFilesAreReadIfTheUserAcceptsThem) {
  for (const char* padding : {"none", "FF", "00"}) {
    host_.accepted.clear();
    card({{"portuguese", "on"}, {"certificates", "portuguese"}, {"padding", padding}});
    EXPECT_TRUE(bind().list().certificates.empty());
    host_.accepted = {"kz-idcard-soma"};
    const ObjectList& list = bind().list();
    ASSERT_FALSE(list.certificates.empty()) << padding;
    EXPECT_EQ(list.keys[0].id, list.certificates[0].id);
    EXPECT_FALSE(list.certificates[0].modifiable);
    EXPECT_THROW(token().delete_certificate(list.certificates[0].ref), WriteProtected);
  }
}

TEST_F(IdCardTest, AResetEndsTheLogin) {
  card();
  login(kPin);
  const Key key = first_key();
  token().logout();
  EXPECT_THROW(
      token().sign(key, SignScheme::kRsaPkcs1, Hash::kSha256, digest_info(Hash::kSha256, "text")),
      NotLoggedIn);
  const Bytes identity = token().identity();
  token().reset_state();
  EXPECT_EQ(identity, token().identity());
}

TEST_F(IdCardTest, SignsAfterAnotherProgramSelectedSomethingElse) {
  card();
  login(kPin);
  const Key key = first_key();
  const Bytes info = digest_info(Hash::kSha256, "text");
  ASSERT_TRUE(verifies(rsa(key), Hash::kSha256, "text",
                       token().sign(key, SignScheme::kRsaPkcs1, Hash::kSha256, info)));
  const apdu::Command mf = apdu::Command::case3(0x00, 0xA4, 0x00, 0x0C, Bytes{0x3F, 0x00});
  ASSERT_TRUE(card_->send(mf).ok());
  EXPECT_TRUE(verifies(rsa(key), Hash::kSha256, "text",
                       token().sign(key, SignScheme::kRsaPkcs1, Hash::kSha256, info)));
}

TEST_F(IdCardTest, AKeyMadeMeanwhileDoesNotMakeItAnotherCard) {
  card({{"filled", "1"}});
  login(kPin);
  const Bytes identity = token().identity();
  token().generate_key(spec());
  token().reset_state();
  EXPECT_EQ(identity, token().identity());
}

TEST_F(IdCardTest, ACardThatKnowsNoCommandIsHarmless) {
  card({{"commands", "none"}});
  EXPECT_TRUE([&] {
    try {
      bind().list();
      return token().list().keys.empty();
    } catch (const Error&) {
      return true;
    }
  }());
  EXPECT_LT(endpoint_->count(), 40U);
}

TEST_F(IdCardTest, CostsFewCommands) {
  card();
  login(kPin);
  restart_count();
  const Key key = first_key();
  token().sign(key, SignScheme::kRsaPkcs1, Hash::kSha256, digest_info(Hash::kSha256, "text"));
  restart_count();
  token().sign(key, SignScheme::kRsaPkcs1, Hash::kSha256, digest_info(Hash::kSha256, "text"));
  EXPECT_LE(endpoint_->count(), 3U) << "MSE, INTERNAL AUTHENTICATE, GET RESPONSE";
}

}  // namespace
}  // namespace kilt::test
