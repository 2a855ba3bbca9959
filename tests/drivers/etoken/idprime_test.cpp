// The IDPrime driver: its files taken apart, and on the virtual 940, 840 and 930 in every reading
// that the public facts leave open.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "drivers/errors.h"
#include "drivers/etoken/idprime/files.h"
#include "drivers/etoken/idprime/minidriver.h"
#include "tests/drivers/etoken/rsa_check.h"
#include "tests/support/altered_card.h"
#include "tests/support/driver_rig.h"

namespace kilt::test {
namespace {

using namespace etoken::idprime;  // NOLINT(google-build-using-namespace): what is tested
using testing::AnyOf;
using testing::IsEmpty;
using testing::SizeIs;

const char* const kPin = "1234567890";

TEST(IdPrimeFiles, PublishedIndex) {
  const auto index = parse_index(from_hex(
      "07 020200066361726463660000000000000000000001 020100106361726469640000000000000000000003"
      "020500006D736974676600000000000000000000 01 020300086361726461707073000000000000000001"
      "0204050A636D617066696C656D73637000000000 01 0206000C70696E68000000006D73636C6D00000001"
      "020705B46B786330300000006D73637000000000 01"));
  ASSERT_THAT(index, SizeIs(7));
  EXPECT_EQ("cardcf", index[0].name);
  EXPECT_EQ(0x0204, index[4].file);
  EXPECT_EQ(1290U, index[4].size);
  EXPECT_EQ("cmapfile", index[4].name);
  EXPECT_EQ("kxc00", index[6].name);
  EXPECT_EQ("mscp", index[6].directory);
}

TEST(IdPrimeFiles, IndexThatCountsTooMuch) {
  EXPECT_THAT(parse_index(from_hex("02 0202000663617264636600000000000000000000 01")), SizeIs(1))
      << "what is there of it holds";
  EXPECT_THAT(parse_index({}), IsEmpty());
}

TEST(IdPrimeFiles, CertificatesInflateToWhatTheyAnnounce) {
  Bytes der{0x30, 0x82, 0x01, 0x00};
  der.resize(260, 0x42);
  const auto packed = [&](std::size_t announced, const Bytes& plain) {
    uLongf size = compressBound(plain.size());
    Bytes stream(size);
    compress(stream.data(), &size, plain.data(), plain.size());
    stream.resize(size);
    Bytes file{0x01, 0x00, static_cast<Byte>(announced & 0xFF), static_cast<Byte>(announced >> 8)};
    append(file, stream);
    return file;
  };
  EXPECT_EQ(der, unpack_certificate(der));
  EXPECT_EQ(der, unpack_certificate(packed(der.size(), der)));
  EXPECT_THROW((void)unpack_certificate(packed(10, der)), MalformedAnswer);
  Bytes bomb = der;
  bomb.resize(10'000'000, 0x00);
  EXPECT_THROW((void)unpack_certificate(packed(260, bomb)), MalformedAnswer);
  Bytes cut = packed(der.size(), der);
  cut.resize(cut.size() / 2);
  EXPECT_THROW((void)unpack_certificate(cut), MalformedAnswer);
  EXPECT_THROW((void)unpack_certificate(from_hex("0100")), MalformedAnswer);
  EXPECT_THROW((void)unpack_certificate({}), MalformedAnswer);
}

class VirtualIdPrime : public testing::TestWithParam<const char*> {
 protected:
  Token& open(std::initializer_list<std::pair<const char*, const char*>> switches = {}) {
    rig_.emplace("idprime");
    set("model", GetParam());
    for (const auto& [key, value] : switches) set(key, value);
    return rig_->open();
  }
  void set(const std::string& key, const std::string& value) {
    rig_->virtual_card->card().set(key, value);
  }
  static const Certificate* certificate_of(const ObjectList& objects, const Key& key) {
    for (const Certificate& certificate : objects.certificates)
      if (certificate.id == key.id) return &certificate;
    return nullptr;
  }
  /// Every key signs, and the signature verifies.
  static void use_keys(Token& token) {
    const ObjectList objects = token.list();
    EXPECT_THAT(objects.odd, IsEmpty());
    ASSERT_FALSE(objects.keys.empty());
    for (const Key& key : objects.keys) {
      SCOPED_TRACE(key.bits);
      const Certificate* certificate = certificate_of(objects, key);
      ASSERT_NE(nullptr, certificate);
      if (key.type == KeyType::kRsa) {
        const auto& rsa = std::get<RsaPublicKey>(key.public_key);
        for (const std::size_t size : {51U, 120U, 20U}) {
          const Bytes info(size, 0x42);
          EXPECT_EQ(pkcs1_block(key.bits / 8, info),
                    rsa_public(rsa, token.sign(key, SignScheme::kRsaPkcs1, Hash::kNone, info)));
        }
        Bytes block = pkcs1_block(key.bits / 8, Bytes(16, 0x17));
        block[1] = 0x02;
        EXPECT_EQ(Bytes(16, 0x17), to_bytes(token
                                                .decrypt(key, DecryptScheme::kRsaPkcs1, Hash::kNone,
                                                         rsa_public(rsa, block))
                                                .view()));
      } else {
        for (const std::size_t size : {32U, 48U, 64U, 20U}) {
          const Bytes hash(size, 0x42);
          const Bytes signature = token.sign(key, SignScheme::kEcdsa, Hash::kNone, hash);
          EXPECT_TRUE(ecdsa_verifies(token.read_certificate(certificate->ref), hash, signature));
        }
      }
    }
  }
  std::optional<DriverRig> rig_;
};

TEST_P(VirtualIdPrime, ListsLogsInSignsDeciphers) {
  Token& token = open();
  EXPECT_EQ("idprime", token.info().family);
  EXPECT_NE("", token.info().label);
  EXPECT_THAT(token.list().keys, SizeIs(2));
  EXPECT_THAT(token.list().certificates, SizeIs(2));
  token.login(PinRole::kUser, pin(kPin));
  use_keys(token);
}

// As it comes from the maker, before any key or certificate was written.
TEST_P(VirtualIdPrime, AFreshTokenIsAnEmptyOne) {
  constexpr std::uint16_t kIndex = 0x0101;
  open();
  rig_->readers.insert(
      "reader", std::make_shared<AlteredCard>(rig_->virtual_card, with_files({{kIndex, {}}})));
  Token& token = rig_->open();
  EXPECT_EQ("idprime", token.info().family);
  EXPECT_NE("", token.info().label);
  EXPECT_EQ(16U, token.info().serial.size());
  for (const bool logged_in : {false, true}) {
    if (logged_in) token.login(PinRole::kUser, pin(kPin));
    const ObjectList& objects = token.list();
    EXPECT_THAT(objects.certificates, IsEmpty());
    EXPECT_THAT(objects.data, IsEmpty());
  }
  EXPECT_FALSE(token.pin_status(PinRole::kUser).blocked);
}

TEST_P(VirtualIdPrime, EveryReading) {
  for (const char* certificates : {"compressed", "plain"})
    for (const char* template_form : {"template", "bare"})
      for (const char* echo : {"yes", "no"}) {
        SCOPED_TRACE(std::string(certificates) + " " + template_form + " " + echo);
        Token& token = open({{"certificates", certificates},
                             {"public-key", template_form},
                             {"echo", echo},
                             {"read-end", "6Cxx"},
                             {"random", "8"},
                             {"version", "bare"},
                             {"session-id", "select"}});
        EXPECT_THAT(token.random(40), SizeIs(40));
        token.login(PinRole::kUser, pin(kPin));
        use_keys(token);
      }
}

TEST_P(VirtualIdPrime, MapsBehindTheLogin) {
  Token& token = open({{"container-map", "login"}});
  token.list();
  token.login(PinRole::kUser, pin(kPin));
  use_keys(token);
}

TEST_P(VirtualIdPrime, PinStateWithoutSpendingATry) {
  Token& token = open({{"tries", "5"}});
  rig_->counter->restart_count();
  PinStatus status = token.pin_status(PinRole::kUser);
  EXPECT_EQ(5U, status.tries_left);
  EXPECT_EQ(true, status.factory) << "never changed";
  EXPECT_EQ(0U, rig_->counter->count_ins(0x20));
  EXPECT_THROW(token.login(PinRole::kUser, pin("9999")), WrongPin);
  EXPECT_EQ(1U, rig_->counter->count_ins(0x20));
  EXPECT_EQ(4U, token.pin_status(PinRole::kUser).tries_left);
  if (std::string(GetParam()) == "930") {
    rig_->counter->restart_count();
    EXPECT_THROW(token.change_pin(PinRole::kUser, pin(kPin), pin("24681357")), NotSupported);
    EXPECT_EQ(0U, rig_->counter->count());
    return;
  }
  token.change_pin(PinRole::kUser, pin(kPin), pin("24681357"));
  EXPECT_EQ(false, token.pin_status(PinRole::kUser).factory);
  token.login(PinRole::kUser, pin("24681357"));
  EXPECT_EQ(5U, token.pin_status(PinRole::kUser).tries_left);
}

// The form that the model takes is a guess; a card that wants the other one says 6700.
TEST_P(VirtualIdPrime, OneVerifyForOnePin) {
  Token& token = open();
  (void)token.pin_status(PinRole::kUser);
  std::vector<Bytes> sent;
  rig_->counter->intercept([&](BytesView command) -> std::optional<Bytes> {
    if (command[1] != 0x20 || command.size() < 6) return std::nullopt;
    sent.push_back(to_bytes(command));
    return Bytes{0x67, 0x00};
  });
  EXPECT_THROW(token.login(PinRole::kUser, pin(kPin)), PinLength);
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_THROW(token.login(PinRole::kUser, pin(kPin)), PinLength);
  ASSERT_THAT(sent, SizeIs(2));
  EXPECT_NE(sent[0], sent[1]) << "given again, it goes in the other form";
}

TEST_P(VirtualIdPrime, TheSerialNumberIsTheEndOfTheCardsNumber) {
  Token& token = open();
  const std::string whole = to_hex(token.identity());
  EXPECT_GT(whole.size(), 16U);
  EXPECT_EQ(whole.substr(whole.size() - 16), token.info().serial);
}

TEST_P(VirtualIdPrime, LogoutEndsTheLogin) {
  Token& token = open();
  const Key key = token.list().keys.at(0);
  token.login(PinRole::kUser, pin(kPin));
  token.logout();
  const SignScheme scheme = key.type == KeyType::kRsa ? SignScheme::kRsaPkcs1 : SignScheme::kEcdsa;
  EXPECT_THROW((void)token.sign(key, scheme, Hash::kNone, Bytes(32, 1)), NotLoggedIn);
}

TEST_P(VirtualIdPrime, BlockedIsSaid) {
  Token& token = open({{"tries-left", "1"}});
  EXPECT_EQ(1U, token.pin_status(PinRole::kUser).tries_left);
  EXPECT_ANY_THROW(token.login(PinRole::kUser, pin("9999")));
  EXPECT_TRUE(token.pin_status(PinRole::kUser).blocked);
  EXPECT_THROW(token.login(PinRole::kUser, pin(kPin)), PinBlocked);
}

TEST_P(VirtualIdPrime, AdministratorKeyIsNeverTouched) {
  Token& token = open();
  rig_->counter->restart_count();
  EXPECT_THROW(token.login(PinRole::kSo, pin(kPin)), NotSupported);
  EXPECT_EQ(std::nullopt, token.pin_status(PinRole::kSo).tries_left);
  EXPECT_EQ(0U, rig_->counter->count());
}

INSTANTIATE_TEST_SUITE_P(Models, VirtualIdPrime, testing::Values("940", "840", "930"));

using IdPrime940 = VirtualIdPrime;

TEST_P(IdPrime940, SignatureIsThreeCommands) {
  Token& token = open();
  const ObjectList objects = token.list();
  token.login(PinRole::kUser, pin(kPin));
  for (const Key& key : objects.keys) {
    rig_->counter->restart_count();
    const bool rsa = key.type == KeyType::kRsa;
    (void)token.sign(key, rsa ? SignScheme::kRsaPkcs1 : SignScheme::kEcdsa, Hash::kSha256,
                     Bytes(rsa ? 51 : 32, 1));
    EXPECT_LE(rig_->counter->count(), 3U);
  }
  rig_->counter->restart_count();
  token.list();
  EXPECT_LE(rig_->counter->count(), 2U);
}

TEST_P(IdPrime940, EmptyContainerMapWithKeyMap) {
  Token& token = open({{"container-map", "empty"}});
  token.login(PinRole::kUser, pin(kPin));
  use_keys(token);
}

TEST_P(IdPrime940, KeyBehindTheSignaturePin) {
  Token& token = open({{"signature-pin", "555555"}});
  token.login(PinRole::kUser, pin(kPin));
  const ObjectList objects = token.list();
  const auto key = std::ranges::find(objects.keys, true, &Key::always_authenticate);
  ASSERT_NE(objects.keys.end(), key);
  const SignScheme scheme = key->type == KeyType::kRsa ? SignScheme::kRsaPkcs1 : SignScheme::kEcdsa;
  EXPECT_THROW((void)token.sign(*key, scheme, Hash::kNone, Bytes(32, 1)), NotLoggedIn);
  token.login(PinRole::kUser, pin("555555"));
  EXPECT_FALSE(token.sign(*key, scheme, Hash::kNone, Bytes(32, 1)).empty());
}

TEST_P(IdPrime940, LargeKeysAndCurves) {
  Token& token = open({{"keys", "rsa-3072,p-384,p-521"}});
  token.login(PinRole::kUser, pin(kPin));
  use_keys(token);
}

INSTANTIATE_TEST_SUITE_P(Models, IdPrime940, testing::Values("940"));

}  // namespace
}  // namespace kilt::test
