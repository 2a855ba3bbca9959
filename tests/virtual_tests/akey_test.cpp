// AKEYSIM: each variant is what it says, and the rules hold in all of them.
#include <gmock/gmock.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "tests/virtual_tests/iso_exchange.h"

namespace kilt::test {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

const std::string kSelectPkcs15 = "00A404000CA000000063504B43532D313500";
const std::string kPin = "31323334353637383930000000000000";
const std::string kPuk = "30393837363534333231000000000000";
const std::string kNewPin = "31313232333334340000000000000000";

struct Token : Exchange {
  explicit Token(const Settings& settings = {}) : Exchange("akey", settings) {}
  std::string select(const std::string& id) { return all("00A4000002" + id + "00"); }
  /// A file of the application, whole, in blocks of `block`.
  Bytes read(const std::string& id, unsigned block = 0x80) {
    EXPECT_EQ(select(id), "9000") << id;
    const std::size_t at = hex().find("8002");
    const Bytes size = from_hex(hex().substr(at + 4, 4));
    const unsigned length = static_cast<unsigned>(size[0] << 8 | size[1]);
    Bytes whole;
    while (whole.size() < length) {
      const unsigned now = std::min<unsigned>(block, length - static_cast<unsigned>(whole.size()));
      const std::string sw = all(fmt::format("00B0{:04X}{:02X}", whole.size(), now));
      if (sw != "9000") {
        ADD_FAILURE() << sw << " at " << whole.size() << " of " << length;
        break;
      }
      whole.insert(whole.end(), data().begin(), data().end());
    }
    return whole;
  }
  Bytes modulus(const std::string& id = "4201") {
    const Bytes key = read(id);  // 30 82 .. 02 82 01 01 00 modulus
    return {key.begin() + 9, key.begin() + 9 + 256};
  }
  std::string environment(const std::string& crt, const std::string& algorithm,
                          const std::string& key) {
    return all("002241" + crt + "068001" + algorithm + "8401" + key);
  }
};

std::string with_length(const std::string& header, const Bytes& data) {
  return header + fmt::format("{:02X}", data.size()) + to_hex(data) + "00";
}

TEST(AkeySim, IsFoundByEachOfItsWays) {
  Token token;
  EXPECT_EQ(to_hex(token.card().atr()), "3B8701414B455953494DC7");
  EXPECT_EQ(token.all(kSelectPkcs15), "9000");
  EXPECT_EQ(token.all("00A4040008F0414B455953494D00"), "9000");
  EXPECT_EQ(token.all("00A40000023F0000"), "9000");
  EXPECT_EQ(token.all("00A40000022F0000"), "9000");
  EXPECT_EQ(token.all("00B0000000"), "9000");
  EXPECT_EQ(token.hex(), "611D4F0CA000000063504B43532D31355007414B455953494D51043F005015");

  Token own(Settings{{"variant", "own-aid"}});
  EXPECT_EQ(own.all(kSelectPkcs15), "6A82");
  EXPECT_EQ(own.all("00A4040008F0414B455953494D00"), "9000");
  EXPECT_EQ(own.select("5031"), "9000");

  Token bare(Settings{{"variant", "bare"}});
  EXPECT_EQ(bare.all(kSelectPkcs15), "6A82");
  EXPECT_EQ(bare.all("00A40000022F0000"), "6A82");
  EXPECT_EQ(bare.all("00A4080004501550310000"), "6700");
  EXPECT_EQ(bare.all("00A40800045015503100"), "9000");
  EXPECT_EQ(bare.select("5032"), "6A82");

  Token unknown(Settings{{"variant", "unknown"}});
  EXPECT_EQ(unknown.all(kSelectPkcs15), "6D00");
}

TEST(AkeySim, CertificatesAreOnTheAuthoritysProfile) {
  Token token;
  EXPECT_EQ(token.all(kSelectPkcs15), "9000");
  const Bytes der = token.read("4301"), authority_der = token.read("4311");
  const std::uint8_t* in = der.data();
  X509* certificate = d2i_X509(nullptr, &in, static_cast<long>(der.size()));
  in = authority_der.data();
  X509* authority = d2i_X509(nullptr, &in, static_cast<long>(authority_der.size()));
  ASSERT_NE(certificate, nullptr);
  ASSERT_NE(authority, nullptr);
  EXPECT_EQ(X509_verify(certificate, X509_get0_pubkey(authority)), 1);
  EXPECT_EQ(X509_check_issued(authority, certificate), X509_V_OK);
  EXPECT_GT(der.size(), 1100U);
  EXPECT_LT(der.size(), 1700U);
  EXPECT_EQ(X509_get_key_usage(certificate),
            static_cast<std::uint32_t>(KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT));
  // Extension 1.2.398.3.3.5 = SEQUENCE { 1.2.398.3.3.5.2.6 }
  EXPECT_NE(to_hex(der).find("06062A830E030305040C300A06082A830E0303050206"), std::string::npos);
  X509_free(certificate);
  X509_free(authority);
}

TEST(AkeySim, PinIsCountedPaddedAndNeverGuessed) {
  Token token;
  EXPECT_EQ(token.all(kSelectPkcs15), "9000");
  EXPECT_EQ(token.one("00200001"), "63CA");
  EXPECT_EQ(token.one("002000010A31323334353637383930"), "6700");
  EXPECT_EQ(token.one("00200001"), "63CA");
  EXPECT_EQ(token.one("0020000110" + kNewPin), "63C9");
  EXPECT_EQ(token.one("0020000110" + kPin), "9000");
  EXPECT_EQ(token.one("00200001"), "9000");

  Token three(Settings{{"variant", "three-tries"}, {"pin", "12345678"}});
  EXPECT_EQ(three.all(kSelectPkcs15), "9000");
  for (const char* left : {"63C2", "63C1", "63C0", "6983"})
    EXPECT_EQ(three.one("0020000110" + kPin), left);
  EXPECT_EQ(three.one("0020000110"
                      "31323334353637380000000000000000"),
            "6983");
}

TEST(AkeySim, PinEncodings) {
  const std::vector<std::pair<std::string, std::string>> blocks{
      {"standard", "10" + kPin},
      {"ff-pin", "1031323334353637383930FFFFFFFFFFFF"},
      {"open-pin", "0A31323334353637383930"},
      {"bcd-pin", "081234567890FFFFFF"},
      {"half-nibble-pin", "10F1F2F3F4F5F6F7F8F9F0FFFFFFFFFFFF"},
      {"iso9564-pin", "082A1234567890FFFF"},
  };
  for (const auto& [variant, block] : blocks) {
    Token token(Settings{{"variant", variant}});
    EXPECT_EQ(token.all(kSelectPkcs15), "9000");
    EXPECT_EQ(token.one("00200001" + block), "9000") << variant;
  }
  Token local(Settings{{"variant", "local-pin"}});
  EXPECT_EQ(local.one("0020008110" + kPin), "6A88");
  EXPECT_EQ(local.all(kSelectPkcs15), "9000");
  EXPECT_EQ(local.one("0020008110" + kPin), "9000");
  EXPECT_EQ(local.all("00A40000023F0000"), "9000");
  EXPECT_EQ(local.all(kSelectPkcs15), "9000");
  EXPECT_EQ(local.one("00200081"), "63CA");
}

TEST(AkeySim, ChangeAndUnblockInEachForm) {
  Token token;
  EXPECT_EQ(token.all(kSelectPkcs15), "9000");
  EXPECT_EQ(token.one("0024000120" + kPin + kNewPin), "9000");
  EXPECT_EQ(token.one("0020000110" + kPin), "63C9");
  EXPECT_EQ(token.one("0024000120" + kNewPin + "31313232330000000000000000000000"), "6A80");
  for (int i = 0; i < 10; ++i) token.one("0020000110" + kPin);
  EXPECT_EQ(token.one("0020000110" + kNewPin), "6983");
  EXPECT_EQ(token.one("002C000120" + kPin + kNewPin), "63C9");
  EXPECT_EQ(token.one("002C000120" + kPuk + kPin), "9000");
  EXPECT_EQ(token.one("00200001"), "63CA");
  EXPECT_EQ(token.one("0020000110" + kPin), "9000");

  Token implicit(Settings{{"variant", "implicit"}});
  EXPECT_EQ(implicit.all(kSelectPkcs15), "9000");
  EXPECT_EQ(implicit.one("0024010110" + kNewPin), "6982");
  EXPECT_EQ(implicit.one("0020000110" + kPin), "9000");
  EXPECT_EQ(implicit.one("0024010110" + kNewPin), "9000");
  EXPECT_EQ(implicit.one("002C020110" + kPin), "6982");
  EXPECT_EQ(implicit.one("0020000210" + kPuk), "9000");
  EXPECT_EQ(implicit.one("002C020110" + kPin), "9000");
  EXPECT_EQ(implicit.one("0020000110" + kPin), "9000");

  Token keep(Settings{{"unblock", "01"}});
  EXPECT_EQ(keep.all(kSelectPkcs15), "9000");
  EXPECT_EQ(keep.one("0020000110" + kNewPin), "63C9");
  EXPECT_EQ(keep.one("002C010110" + kPuk), "9000");
  EXPECT_EQ(keep.one("00200001"), "63CA");
}

TEST(AkeySim, SignsByEachCommand) {
  const Bytes info = digest_info_sha256("text");
  Token pso;
  EXPECT_EQ(pso.all(kSelectPkcs15), "9000");
  const Bytes modulus = pso.modulus();
  EXPECT_EQ(pso.all(with_length("002A9E9A", info)), "6985");
  EXPECT_EQ(pso.environment("B6", "02", "01"), "9000");
  EXPECT_EQ(pso.all(with_length("002A9E9A", info)), "6982");
  EXPECT_EQ(pso.one("0020000110" + kPin), "9000");
  EXPECT_EQ(pso.all(with_length("002A9E9A", info)), "9000");
  EXPECT_EQ(opened(pso.data(), modulus), padded(info, 256));
  EXPECT_EQ(pso.environment("B6", "12", "01"), "6A80");
  EXPECT_EQ(pso.environment("B6", "02", "05"), "6A88");
  EXPECT_EQ(pso.all(with_length("00880000", info)), "6D00");

  Token internal(Settings{{"variant", "internal"}});
  EXPECT_EQ(internal.all(kSelectPkcs15), "9000");
  EXPECT_EQ(internal.one("0020000110" + kPin), "9000");
  EXPECT_EQ(internal.environment("A4", "02", "02"), "9000");
  EXPECT_EQ(internal.all(with_length("00880000", info)), "9000");
  const Bytes signature = internal.data();
  EXPECT_EQ(opened(signature, internal.modulus("4202")), padded(info, 256));

  Token hash(Settings{{"variant", "hash"}});
  EXPECT_EQ(hash.all(kSelectPkcs15), "9000");
  EXPECT_EQ(hash.one("0020000110" + kPin), "9000");
  EXPECT_EQ(hash.environment("B6", "42", "01"), "9000");
  EXPECT_EQ(hash.all(with_length("002A9E9A", Bytes(info.end() - 32, info.end()))), "9000");
  const Bytes of_hash = hash.data();
  EXPECT_EQ(opened(of_hash, hash.modulus()), padded(info, 256));
}

TEST(AkeySim, RawBlocksByChainingAndByExtendedLength) {
  const Bytes block = padded(digest_info_sha256("raw"), 256);
  Token chaining(Settings{{"variant", "chaining"}});
  EXPECT_EQ(chaining.all(kSelectPkcs15), "9000");
  const Bytes modulus = chaining.modulus();
  EXPECT_EQ(chaining.one("0020000110" + kPin), "9000");
  EXPECT_EQ(chaining.environment("B6", "02", "01"), "9000");
  EXPECT_EQ(chaining.chained("002A9E9A", block), "9000");
  EXPECT_EQ(opened(chaining.data(), modulus), block);
  // The other form: decipher without a look at the padding.
  EXPECT_EQ(chaining.environment("B8", "02", "01"), "9000");
  Bytes indicated = block;
  indicated.insert(indicated.begin(), 0x00);
  EXPECT_EQ(chaining.chained("002A8086", indicated), "9000");
  EXPECT_EQ(opened(chaining.data(), modulus), block);
  EXPECT_EQ(chaining.all("002A9E9A000100" + to_hex(block) + "0000"), "6700");

  Token extended(Settings{{"variant", "extended"}});
  EXPECT_EQ(extended.all(kSelectPkcs15), "9000");
  const Bytes other = extended.modulus();
  EXPECT_EQ(extended.one("0020000110" + kPin), "9000");
  EXPECT_EQ(extended.environment("B6", "02", "01"), "9000");
  EXPECT_EQ(extended.one("002A9E9A000100" + to_hex(block) + "0000"), "9000");
  EXPECT_EQ(opened(extended.data(), other), block);
  EXPECT_EQ(extended.chained("002A9E9A", block), "6884");
}

TEST(AkeySim, ConsentWantsThePinEachTime) {
  Token token(Settings{{"variant", "consent"}});
  const std::string sign = with_length("002A9E9A", digest_info_sha1("x"));
  EXPECT_EQ(token.all(kSelectPkcs15), "9000");
  EXPECT_EQ(token.one("0020000110" + kPin), "9000");
  EXPECT_EQ(token.environment("B6", "02", "02"), "9000");
  EXPECT_EQ(token.all(sign), "9000");
  EXPECT_EQ(token.all(sign), "6982");
  EXPECT_EQ(token.one("0020000110" + kPin), "9000");
  EXPECT_EQ(token.all(sign), "9000");
}

TEST(AkeySim, MakesKeysInTheFreePairAndStoresCertificates) {
  Token token(Settings{{"padding", "FF"}});
  EXPECT_EQ(token.all(kSelectPkcs15), "9000");
  EXPECT_EQ(token.all("0047010005B60384010300"), "6A88");
  EXPECT_EQ(token.all("0047000005B60384010300"), "6982");
  EXPECT_EQ(token.one("0020000110" + kPin), "9000");
  EXPECT_EQ(token.all("0046000005B60384010300"), "6D00");
  EXPECT_EQ(token.all("0047000005B60384010300"), "9000");
  const std::string made = token.hex();
  EXPECT_TRUE(made.starts_with("7F4982010981820100"));
  EXPECT_TRUE(made.ends_with("8203010001"));
  EXPECT_EQ(token.all("0047010005B60384010300"), "9000");
  EXPECT_EQ(token.hex(), made);
  EXPECT_EQ(token.select("4303"), "9000");
  EXPECT_EQ(token.one("00D6000003303031"), "9000");
  EXPECT_EQ(token.one("00D607FF023030"), "6A84");
  EXPECT_EQ(token.select("4402"), "9000");
  EXPECT_EQ(token.one("00D60100013F"), "9000");
  EXPECT_EQ(token.select("4311"), "9000");
  EXPECT_EQ(token.one("00D600000130"), "6982");

  Token next;
  next.card().load(nlohmann::json::parse(token.card().save().dump()));
  EXPECT_EQ(next.all(kSelectPkcs15), "9000");
  EXPECT_EQ(next.select("4303"), "9000");
  EXPECT_EQ(next.one("00B0000003"), "9000");
  EXPECT_EQ(next.hex(), "303031");
  EXPECT_EQ(next.one("00D600000130"), "6982");
  EXPECT_EQ(next.all("0047010005B60384010300"), "9000");
  EXPECT_EQ(next.hex(), made);
}

TEST(AkeySim, PowerLossInGenerationLeavesNoKey) {
  Token token;
  EXPECT_EQ(token.all(kSelectPkcs15), "9000");
  EXPECT_EQ(token.one("0020000110" + kPin), "9000");
  token.card().set("power-loss", "2");
  EXPECT_THROW(token.all("0047000005B60384010100"), vtoken::PowerLoss);
  token.card().reset();
  EXPECT_EQ(token.all(kSelectPkcs15), "9000");
  EXPECT_EQ(token.all("0047010005B60384010100"), "6A88");
}

TEST(AkeySim, T0AnnouncesWhatItHas) {
  Token token(Settings{{"variant", "t0"}});
  EXPECT_EQ(to_hex(token.card().atr()), "3B07414B455953494D");
  EXPECT_EQ(token.one(kSelectPkcs15), "611A");
  EXPECT_EQ(token.one("00C000001A"), "9000");
  EXPECT_EQ(token.one("00A4000C025031"), "9000");
  EXPECT_EQ(token.one("00B0000000").substr(0, 2), "6C");
}

TEST(AkeySim, DirectoriesInTheirVariants) {
  Token negative(Settings{{"variant", "negative"}});
  EXPECT_EQ(negative.all(kSelectPkcs15), "9000");
  EXPECT_NE(to_hex(negative.read("4402")).find("020181"), std::string::npos);
  EXPECT_EQ(negative.one("0020000110" + kPin), "9000");
  EXPECT_EQ(negative.environment("B6", "02", "81"), "9000");

  Token padding(Settings{{"variant", "ff-padding"}});
  EXPECT_EQ(padding.all(kSelectPkcs15), "9000");
  EXPECT_TRUE(to_hex(padding.read("4402")).ends_with("FFFFFFFF"));
  EXPECT_TRUE(to_hex(padding.read("4301")).ends_with("FFFFFFFF"));
}

TEST(AkeySim, PathsInTheirVariants) {
  Token relative(Settings{{"variant", "relative"}});
  EXPECT_EQ(relative.all(kSelectPkcs15), "9000");
  EXPECT_TRUE(to_hex(relative.read("5031")).starts_with("A806300404024401"));

  Token by_name(Settings{{"variant", "aid-paths"}});
  EXPECT_EQ(by_name.all(kSelectPkcs15), "9000");
  EXPECT_TRUE(
      to_hex(by_name.read("5031")).starts_with("A8163014A1124F0CA000000063504B43532D313504024401"));

  Token one_file(Settings{{"variant", "one-file"}});
  EXPECT_EQ(one_file.all(kSelectPkcs15), "9000");
  EXPECT_TRUE(to_hex(one_file.read("4404")).ends_with("301004063F00501543FF0202080080020800"));
}

TEST(AkeySim, DirectoriesThatLie) {
  Token cycle(Settings{{"oddity", "cycle"}});
  EXPECT_EQ(cycle.all(kSelectPkcs15), "9000");
  EXPECT_TRUE(to_hex(cycle.read("5031")).starts_with("A00A300804063F0050155031"));

  Token huge(Settings{{"oddity", "huge"}});
  EXPECT_EQ(huge.all(kSelectPkcs15), "9000");
  EXPECT_EQ(huge.read("4506").size(), 1500U * 21);
}

TEST(AkeySim, ReadersOfAllKinds) {
  Token hidden(Settings{{"variant", "private"}});
  EXPECT_EQ(hidden.all(kSelectPkcs15), "9000");
  EXPECT_EQ(hidden.select("4404"), "9000");
  EXPECT_EQ(hidden.one("00B0000010"), "6982");
  EXPECT_EQ(hidden.one("0020000110" + kPin), "9000");
  EXPECT_EQ(hidden.one("00B0000010"), "9000");

  Token odd(Settings{{"variant", "odd-reader"}});
  EXPECT_EQ(odd.all(kSelectPkcs15), "9000");
  EXPECT_EQ(odd.select("4301"), "9000");
  EXPECT_EQ(odd.one("00B0000000"), "6700");
  EXPECT_EQ(odd.one("00B0000080"), "9000");
  EXPECT_EQ(odd.select("5031"), "9000");
  EXPECT_EQ(odd.one("00B0000080"), "6282");
}

TEST(AkeySim, SettingsOfANewCardAreFixedByItsFirstCommand) {
  Token token;
  EXPECT_EQ(token.all(kSelectPkcs15), "9000");
  EXPECT_THROW(token.card().set("df", "4F00"), std::invalid_argument);
  EXPECT_NO_THROW(token.card().set("sign", "both"));
  EXPECT_THROW(token.card().set("sign", "perhaps"), std::invalid_argument);
  EXPECT_THROW(token.card().set("variant", "perhaps"), std::invalid_argument);
  EXPECT_THROW(token.card().set("nothing", "1"), std::invalid_argument);
}

TEST(AkeySim, SurvivesNonsense) {
  Token token;
  EXPECT_EQ(token.all(kSelectPkcs15), "9000");
  EXPECT_EQ(token.one("0020000110" + kPin), "9000");
  const std::vector<std::string> nonsense{
      "00",           "0022",           "002241B6028401",
      "002241B60384", "0047000003B603", "0047000002B600",
      "002A8086",     "002A808601FF",   "00A4040011" + kPin + "00",
      "00B0FFFF00",   "00D6000000",     "00240001013100",
      "002C000101",   "0088000000"};
  for (const std::string& one : nonsense) EXPECT_NE(token.one(one), "9000") << one;
}

}  // namespace
}  // namespace kilt::test
