// AKEYSIM, the made-up PKCS#15 token, in its variants: found without a profile, and with one.
#include <gmock/gmock.h>

#include "drivers/crypto/x509.h"
#include "tests/drivers/iso7816/check.h"
#include "tests/support/card_test.h"

namespace kilt::test {
namespace {

using ::testing::HasSubstr;

const std::string kPin = "1234567890";
const std::string kPuk = "0987654321";

class AkeySimTest : public CardTest {
 protected:
  void card(const Settings& settings = {}) { insert("akey", settings); }
  static KeySpec spec() {
    KeySpec wanted;
    wanted.usage.sign = true;
    return wanted;
  }
  RsaPublicKey public_key(const Key& key) {
    PublicKey found = key.public_key;
    if (std::holds_alternative<std::monostate>(found)) found = token().read_public_key(key.ref);
    if (const auto* rsa = std::get_if<RsaPublicKey>(&found)) return *rsa;
    return {};
  }
  void expect_signature(const Key& key, const std::string& what) {
    const RsaPublicKey rsa = public_key(key);
    if (rsa.modulus.empty()) return;  // only the certificate tells; sizes are checked by others
    const Bytes signature =
        token().sign(key, SignScheme::kRsaPkcs1, Hash::kSha256, digest_info(Hash::kSha256, "text"));
    EXPECT_TRUE(verifies(rsa, Hash::kSha256, "text", signature)) << what;
  }
  const std::string profile_start =
      "name = 'sim'\nfamily = 'iso7816'\nverified = true\n[[atr]]\nvalue = '";
  /// A profile for the card in the reader.
  void describe(const std::string& commands) {
    profiles_.add("name = 'sim'\nfamily = 'iso7816'\nverified = true\n[[atr]]\nvalue = '" +
                      to_hex(card_->atr()) + "'\n" + commands,
                  "sim.toml");
  }
};

TEST_F(AkeySimTest, IsFoundWithoutAProfile) {
  card();
  const TokenInfo info = bind().info();
  EXPECT_EQ("AKEYSIM", info.label);
  EXPECT_FALSE(info.serial.empty());
  EXPECT_EQ("pkcs15", token().profile_name());
  const ObjectList& list = token().list();
  ASSERT_GE(list.keys.size(), 2U);
  EXPECT_GE(list.certificates.size(), 2U);
  for (const Certificate& certificate : list.certificates)
    EXPECT_FALSE(token().read_certificate(certificate.ref).empty());
  const PinStatus status = token().pin_status(PinRole::kUser);
  EXPECT_EQ(10U, status.tries_left);
  EXPECT_EQ(6U, status.min_length);
  EXPECT_EQ(16U, status.max_length);
}

TEST_F(AkeySimTest, APinOfUnknownFormIsNotGuessed) {
  card({{"pin-type", "unknown"}});
  bind();
  EXPECT_THROW(login(kPin, PinRole::kUser, 0), NotSupported);
  EXPECT_EQ(Availability::kUnavailable,
            token().capabilities().functions.at(Function::kSign).availability);
}

TEST_F(AkeySimTest, OfSeveralPinsTheOneThatIsMeantIsNamed) {
  card();
  EXPECT_EQ("", bind().pin_status(PinRole::kUser).label) << "there is no other";
  card({{"user-pins", "2"}});
  EXPECT_EQ("AKEYSIM (User PIN)", bind().info().label);
  EXPECT_EQ("User PIN", token().pin_status(PinRole::kUser).label);
  login(kPin);
}

TEST_F(AkeySimTest, ACodeThatOnlyUnblocksProvesNothing) {
  host_.accepted = {"pkcs15"};
  card();
  EXPECT_FALSE(bind().pin_status(PinRole::kSo).verifiable);
  EXPECT_TRUE(token().pin_status(PinRole::kUser).verifiable);
}

struct Variant {
  const char* name;
  const char* pin = "1234567890";
};

class AkeySimVariant : public AkeySimTest, public ::testing::WithParamInterface<Variant> {};

TEST_P(AkeySimVariant, ListsLogsInSignsAndDecrypts) {
  card({{"variant", GetParam().name}});
  bind();
  login(GetParam().pin);
  const auto keys = token().list().keys;
  ASSERT_GE(keys.size(), 2U);
  unsigned usable = 0;
  for (const Key& key : keys) {
    if (!key.has_private || !key.unusable_reason.empty()) continue;
    ++usable;
    if (!key.always_authenticate) expect_signature(key, GetParam().name);
  }
  EXPECT_GE(usable, 2U);
  for (const Certificate& certificate : token().list().certificates)
    EXPECT_FALSE(token().read_certificate(certificate.ref).empty()) << GetParam().name;
  for (const Key& key : keys)
    if (key.usage.decrypt && !key.always_authenticate && !public_key(key).modulus.empty()) {
      const Bytes cryptogram = encrypt(public_key(key), "a secret");
      const SecureBytes plain =
          token().decrypt(key, DecryptScheme::kRsaPkcs1, Hash::kNone, cryptogram);
      // The text, or the whole block where the card leaves the padding to the host.
      EXPECT_THAT(to_text(plain.view()), ::testing::EndsWith("a secret"));
      EXPECT_THAT(plain.size(), ::testing::AnyOf(8U, cryptogram.size()));
    }
}

INSTANTIATE_TEST_SUITE_P(
    All, AkeySimVariant,
    ::testing::Values(Variant{"standard"}, Variant{"t0"}, Variant{"internal"}, Variant{"chaining"},
                      Variant{"extended"}, Variant{"hash"}, Variant{"no-ef-dir"}, Variant{"no-aid"},
                      Variant{"own-aid"}, Variant{"bare"}, Variant{"ff-padding"},
                      Variant{"zero-padding"}, Variant{"relative"}, Variant{"aid-paths"},
                      Variant{"negative"}, Variant{"no-token-info"}, Variant{"one-file"},
                      Variant{"private"}, Variant{"three-tries"},
                      Variant{"pin-12345678", "12345678"}, Variant{"local-pin"}, Variant{"ff-pin"},
                      Variant{"open-pin"}, Variant{"bcd-pin"}, Variant{"half-nibble-pin"},
                      Variant{"iso9564-pin"}, Variant{"consent"}, Variant{"implicit"},
                      Variant{"odd-reader"}),
    [](const auto& param) {
      std::string name = param.param.name;
      std::ranges::replace(name, '-', '_');
      return name;
    });

TEST_F(AkeySimTest, AnUnknownCardIsToldAfterFewCommands) {
  for (const char* how : {"unknown", "none"}) {
    card(how == std::string("unknown") ? Settings{{"variant", "unknown"}}
                                       : Settings{{"commands", "none"}});
    EXPECT_THROW(bind(), TokenNotRecognized);
    EXPECT_LE(endpoint_->count(), 25U) << how;
    for (const Bytes& command : endpoint_->commands())
      EXPECT_THAT((std::vector<Byte>{0xA4, 0xB0, 0xB2, 0xC0}), ::testing::Contains(command[1]));
  }
}

TEST_F(AkeySimTest, NoPinIsGuessed) {
  card({{"variant", "pin-12345678"}});
  bind();
  token().list();
  token().info();
  EXPECT_EQ(10U, token().pin_status(PinRole::kUser).tries_left);
  EXPECT_THROW(login(kPin), WrongPin);
  EXPECT_EQ(9U, token().pin_status(PinRole::kUser).tries_left);
}

TEST_F(AkeySimTest, PinChangeAndUnblockingNeedConsentWithoutAProfile) {
  card();
  bind();
  EXPECT_THROW(change_pin(kPin, "55555555", 0), NotSupported);
  EXPECT_THROW(login(kPuk, PinRole::kSo, 0), NotSupported);

  host_.accepted = {"pkcs15"};
  bind();
  change_pin(kPin, "55555555");
  EXPECT_THROW(login(kPin), WrongPin);
  EXPECT_NO_THROW(login("55555555"));
  login(kPuk, PinRole::kSo, 0);
  expect_tries(1);
  token().init_user_pin(secret("66666666"));
  EXPECT_NO_THROW(login("66666666"));
}

TEST_F(AkeySimTest, ABlockedPinIsUnblocked) {
  host_.accepted = {"pkcs15"};
  card({{"variant", "three-tries"}});
  bind();
  for (int i = 0; i < 3; ++i) EXPECT_THROW(login("00000000"), WrongPin);
  EXPECT_THROW(login(kPin), PinBlocked);
  EXPECT_TRUE(token().pin_status(PinRole::kUser).blocked);
  login("11111111", PinRole::kSo, 0);
  expect_tries(1);
  EXPECT_THROW(token().init_user_pin(secret("66666666")), WrongPin) << "a wrong PUK";
  login(kPuk, PinRole::kSo, 0);
  expect_tries(1);
  token().init_user_pin(secret("66666666"));
  EXPECT_FALSE(token().pin_status(PinRole::kUser).blocked);
  EXPECT_NO_THROW(login("66666666"));
}

TEST_F(AkeySimTest, WorksByAProfileWithUnusualTemplates) {
  card({{"variant", "internal"}, {"change", "01"}, {"unblock", "02"}});
  describe(R"(
[pin.user]
reference = 1
min = 6
max = 16
stored = 16
pad = 0
tries = 10
[pin.user.change]
command = ["00 20 00 {ref} {Lc} {old}", "00 24 01 {ref} {Lc} {new}"]
[sign]
environment = "00 22 41 A4 06 84 01 {kk} 80 01 02"
command = "00 88 00 00 {Lc} {input} {Le}"
)");
  bind();
  EXPECT_EQ("sim", token().profile_name());
  change_pin(kPin, "55555555", 2);
  login("55555555");
  const auto keys = token().list().keys;
  ASSERT_GE(keys.size(), 2U);
  endpoint_->intercept([](BytesView command) {
    EXPECT_NE(0x2A, command[1]) << "PSO, though the profile says otherwise";
    return std::optional<Bytes>();
  });
  for (const Key& key : keys)
    if (key.has_private) expect_signature(key, "profile");
}

// A renewed certificate comes beside the card's own of the same key, also where only that tells the
// public key; the card's own again is not a second one.
TEST_F(AkeySimTest, ANewCertificateForAKeyIsKeptBesideTheCardsOwn) {
  for (const char* public_keys : {"present", "absent"}) {
    card({{"public-keys", public_keys}});
    host_.certificates = folder_ / public_keys;
    bind();
    const auto before = token().list().certificates;
    ASSERT_FALSE(before.empty());
    const Bytes own = token().read_certificate(before.at(0).ref);
    const Bytes renewed =
        make_certificate(std::get<RsaPublicKey>(x509::public_key(own)), "Renewed");
    const ObjectRef ref = token().write_certificate({}, renewed);
    const auto after = token().list().certificates;
    ASSERT_EQ(before.size() + 1, after.size()) << public_keys;
    EXPECT_EQ(ref, after.back().ref);
    EXPECT_EQ(before.at(0).id, after.back().id);
    EXPECT_EQ(renewed, token().read_certificate(ref));

    EXPECT_EQ(before.at(0).ref, token().write_certificate({}, own)) << "the card's own again";
    EXPECT_EQ(after.size(), token().list().certificates.size());
  }
}

TEST_F(AkeySimTest, MakesKeysByProfile) {
  for (const char* ins : {"47", "46"}) {
    card({{"generate", ins}, {"keys", "01"}});
    describe(std::string(R"(
[[key]]
reference = 1
[[key]]
reference = 2
[[key]]
reference = 3
label = "New key"
[[key]]
reference = 4
[public_key]
command = "00 )") +
             ins + R"( 01 00 05 B6 03 84 01 {kk} 00"
[generate]
command = "00 )" +
             ins + " 00 00 05 B6 03 84 01 {kk} 00\"\n");
    bind();
    login(kPin);
    const auto before = token().list().keys;
    ObjectRef ref;
    try {
      ref = token().generate_key(spec());
    } catch (const Error& error) {
      FAIL() << ins << ": " << error.what();
    }
    const auto& after = token().list().keys;
    const auto fresh = std::ranges::find(after, ref, &Key::ref);
    ASSERT_NE(after.end(), fresh);
    for (const Key& key : before)
      EXPECT_NE(after.end(), std::ranges::find(after, key.ref, &Key::ref)) << "a key was lost";
    expect_signature(*fresh, "fresh");
  }
}

}  // namespace
}  // namespace kilt::test
