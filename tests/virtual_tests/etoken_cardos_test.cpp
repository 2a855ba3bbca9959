// The virtual eToken PRO (CardOS 4.2B): OpenSC's way of using it, and its vendor's.
#include <algorithm>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "tests/virtual_tests/etoken_test.h"

namespace kilt::vtoken::test {
namespace {

using ::testing::EndsWith;
using ::testing::SizeIs;
using ::testing::StartsWith;

const std::string kPin = "3132333435363738", kPuk = "3837363534333231";
const std::string kOther = "3939393900000000";

Bytes tlv(std::uint8_t tag, const Bytes& value) {
  return join({tag, static_cast<std::uint8_t>(value.size())}, value);
}

class CardOsTest : public ::testing::Test {
 protected:
  std::string create(const std::string& type, const std::string& id, const std::string& size,
                     const std::string& acl) {
    const Bytes body = bytes((type == "38" ? "8102" : "8002") + size + "8201" + type + "8302" + id +
                             "850100" + "8609" + acl);
    return card_(command("00E00000", tlv(0x62, body), false));
  }
  std::string put_pin(std::uint8_t id, std::uint8_t puk, const std::string& value) {
    return card_(command("00DA016E",
                         join(bytes("8302"
                                    "00" +
                                    hex({id}) +
                                    "8508"
                                    "020387 03FFFF0004"
                                    "8603"
                                    "00" +
                                    hex({id}) + hex({puk})),
                              tlv(0x8F, bytes(value))),
                         false));
  }
  std::string put_component(std::uint8_t key, std::uint8_t number, bool last,
                            const std::string& algorithm, const Bytes& value) {
    return card_(command("00DA016E",
                         join(bytes("8302" + hex({static_cast<std::uint8_t>(0x20 | number), key}) +
                                    "8508" + (last ? "02" : "22") + "00" + algorithm +
                                    "00FFFF0000"
                                    "8607"
                                    "03030300000000"),
                              tlv(0x8F, value)),
                         false));
  }
  /// An application DF with security environment, user PIN 3 and PUK 4, in the admin phase,
  /// selected.
  void make_application() {
    EXPECT_EQ("9000", create("38", "5015", "1000", "000000000000000000"));
    EXPECT_EQ("9000", card_("00A4000C025015"));
    EXPECT_EQ("9000", card_("80100000"));
    EXPECT_EQ("9000", card_("00DA016D0F"
                            "830101"
                            "86020000"
                            "8F06000000000000"));
    EXPECT_EQ("9000", put_pin(4, 0xFF, kPuk));
    EXPECT_EQ("9000", put_pin(3, 4, kPin));
  }
  std::string log_in() { return card_("0020008308" + kPin); }
  /// A dummy key of this size, then a generated one; the public numbers.
  std::pair<Bytes, Bytes> generate(std::size_t size, const std::string& algorithm) {
    const bool is_long = size > 128;
    EXPECT_EQ("9000", create(is_long ? "01" : "05", "7EAD", "0200", "000000000000000000"));
    const Bytes filler(is_long ? size / 2 : size, 0xFF);
    const Bytes prefix = is_long ? Bytes() : Bytes{static_cast<std::uint8_t>(size + 1), 0x00};
    const std::uint8_t count = is_long ? 5 : 2;
    for (std::uint8_t i = 0; i < count; ++i)
      EXPECT_EQ("9000", put_component(0x10, i, i + 1 == count, algorithm, join(prefix, filler)));
    EXPECT_EQ("9000", card_("0046000008"
                            "2010"
                            "7EAD"
                            "00100020"));
    card_("00A4000C027EAD");
    Bytes modulus, exponent;
    if (is_long) {
      const Bytes contents = join(card_.data("00B0000000"), card_.data("00B0010000"));
      EXPECT_THAT(hex(contents), StartsWith("7F4982"));
      modulus.assign(contents.begin() + 9, contents.begin() + 9 + static_cast<long>(size));
      EXPECT_EQ("8203", hex({contents[9 + size], contents[10 + size]}));
      exponent.assign(contents.begin() + 11 + static_cast<long>(size),
                      contents.begin() + 14 + static_cast<long>(size));
    } else {
      const Bytes first = card_.data("00B2010400"), second = card_.data("00B2020400");
      EXPECT_EQ(size + 4, first.size());
      EXPECT_EQ("10" + hex({static_cast<std::uint8_t>(size + 2)}), hex({first[0], first[1]}));
      EXPECT_THAT(hex(second), StartsWith("11050400"));
      modulus.assign(first.begin() + 4, first.end());
      exponent.assign(second.begin() + 4, second.end());
    }
    EXPECT_EQ("9000", card_("00A4000C023F00"));
    EXPECT_EQ("9000", card_("00A4000C025015"));
    return {modulus, exponent};
  }
  static Bytes power(const Bytes& base, const std::pair<Bytes, Bytes>& key) {
    BN_CTX* context = BN_CTX_new();
    BIGNUM* n = BN_bin2bn(key.first.data(), static_cast<int>(key.first.size()), nullptr);
    BIGNUM* e = BN_bin2bn(key.second.data(), static_cast<int>(key.second.size()), nullptr);
    BIGNUM* x = BN_bin2bn(base.data(), static_cast<int>(base.size()), nullptr);
    BN_mod_exp(x, x, e, n, context);
    Bytes out(key.first.size());
    BN_bn2binpad(x, out.data(), static_cast<int>(out.size()));
    for (BIGNUM* one : {n, e, x}) BN_free(one);
    BN_CTX_free(context);
    return out;
  }
  static Bytes block(std::size_t size) {
    Bytes padded(size, 0xFF);
    padded[0] = 0x00;
    padded[1] = 0x01;
    padded[size - 9] = 0x00;
    return padded;
  }
  TestCard card_{"cardos"};
};

TEST_F(CardOsTest, Identification) {
  const Bytes atr = card_->atr();
  EXPECT_EQ("3BF2180002C10A31FE58C80975", hex(atr));
  EXPECT_EQ(hex({atr[10], atr[11]}) + "9000", card_("00CA018200"));
  const Bytes serial = card_.data("00CA018100");
  ASSERT_THAT(serial, SizeIs(32));
  EXPECT_EQ(card_->save()["serial"], hex({serial.begin() + 10, serial.begin() + 16}));
  EXPECT_THAT(card_("00CA018800"), StartsWith("E10601041C"));
  EXPECT_EQ("01109000", card_("00CA018D02"));
}

TEST_F(CardOsTest, LifeCycle) {
  EXPECT_EQ("109000", card_("00CA018300"));
  EXPECT_EQ("6985", put_pin(3, 4, kPin)) << "PUT DATA wants the admin phase";
  card_("80100000");
  EXPECT_EQ("209000", card_("00CA018300"));
  card_("80100000");
  EXPECT_EQ("109000", card_("00CA018300"));
}

TEST_F(CardOsTest, Files) {
  EXPECT_EQ("9000", create("38", "5015", "1000", "000000000000000000"));
  EXPECT_EQ("6A89", create("38", "5015", "1000", "000000000000000000"));
  EXPECT_EQ(
      "6F16"
      "81021000"
      "820138"
      "83025015"
      "8609000000000000000000"
      "9000",
      card_("00A40000025015"
            "00"));
  EXPECT_EQ("9000", create("01", "4401", "0010", "00FF00FFFFFFFFFFFF"));
  EXPECT_EQ("9000", create("01", "4402", "0010", "0000000000FF000000"));
  EXPECT_EQ("6A86", card_("8016000000"));
  EXPECT_EQ(
      "6F07"
      "820101"
      "86024401"
      "6F07"
      "820101"
      "86024402"
      "9000",
      card_("8016020000"));
  EXPECT_EQ("9000", card_("00A4080C0450154401"));
  EXPECT_EQ("6982", card_("00D600000101")) << "update: never";
  EXPECT_EQ(
      "00000000000000000000000000000000"
      "9000",
      card_("00B0000000"));
  EXPECT_EQ("9000", card_("00A4080C0450154402"));
  EXPECT_EQ("9000", card_("00D600020301 0203"));
  EXPECT_EQ("0102039000", card_("00B0000203"));
  EXPECT_EQ("6B00", card_("00D6000F020102"));
  EXPECT_EQ("6982", card_("00E40000024402")) << "delete: never";
  EXPECT_EQ("6A82", card_("00A4080C0450154499"));
}

TEST_F(CardOsTest, DirectoryInParts) {
  card_->set("directory-part", "3");
  for (const char* id : {"0001", "0002", "0003", "0004"})
    EXPECT_EQ("9000", create("01", id, "0001", "000000000000000000"));
  EXPECT_THAT(card_("8016020000"), EndsWith("6F0A"
                                            "820101"
                                            "86020003"
                                            "8A0103"
                                            "9000"));
  EXPECT_EQ(
      "6F07"
      "820101"
      "86020004"
      "9000",
      card_("8016020300"));
}

TEST_F(CardOsTest, Pins) {
  make_application();
  EXPECT_EQ("6A88", card_("0020000308" + kPin)) << "without 80 only the MF is searched";
  EXPECT_EQ("9000", log_in());
  EXPECT_EQ("6300", card_("0020008308" + kOther));
  EXPECT_EQ("9000", log_in()) << "which resets the counter";
  EXPECT_EQ("6300", card_("0024008310" + kOther + kPin));
  EXPECT_EQ("6A80", card_("0024008310" + kPin + "3939390000000000")) << "too short";
  EXPECT_EQ("9000", card_("0024008310" + kPin + kOther));
  EXPECT_EQ("9000", card_("0020008308" + kOther));
  for (int i = 0; i < 3; ++i) EXPECT_EQ("6300", card_("0020008308" + kPin));
  EXPECT_EQ("6983", card_("0020008308" + kOther));
  EXPECT_EQ("6300", card_("002C008310" + kOther + kPin));
  EXPECT_EQ("9000", card_("002C008310" + kPuk + kPin));
  EXPECT_EQ("9000", log_in());
  EXPECT_EQ("6982", card_("002C008410" + kPuk + kPin)) << "nothing unblocks a PUK";
}

TEST_F(CardOsTest, AccessConditions) {
  make_application();
  EXPECT_EQ("9000", create("01", "3302", "0004", "030303000003030303"));
  card_("00A4000C023302");
  EXPECT_EQ("6982", card_("00B0000004"));
  log_in();
  EXPECT_EQ("000000009000", card_("00B0000004"));
  EXPECT_EQ("9000", card_("80EA0000"));
  EXPECT_EQ("6982", card_("00B0000004"));
  EXPECT_EQ("6982", card_("00E40000"));
  log_in();
  card_->reset();
  card_("00A4080C0450153302");
  EXPECT_EQ("6982", card_("00B0000004"));
  card_->set("admin-phase", "free");
  EXPECT_EQ("000000009000", card_("00B0000004"));
}

TEST_F(CardOsTest, KeysThatSign) {
  make_application();
  for (const std::size_t size : {std::size_t{256}, std::size_t{128}}) {
    const auto key = generate(size, size > 128 ? "8A" : "8C");
    EXPECT_EQ("9000", card_("002241B603830110"));
    const std::string sign = command("002A9E9A", block(size));
    EXPECT_EQ("6982", card_(sign));
    log_in();
    EXPECT_EQ(block(size), power(card_.data(sign), key));
    EXPECT_EQ("6700", card_(command("002A9E9A", bytes("0102"))));
    EXPECT_EQ("9000", card_("002241B803830110"));
    EXPECT_EQ("6985", card_(command("002A8086", join({0x00}, block(size)))))
        << "a key that signs does not decipher";
    EXPECT_EQ("9000", card_("80EA0000"));
    EXPECT_EQ("9000", card_("00E40000027EAD"));
  }
}

TEST_F(CardOsTest, KeysThatDecipher) {
  make_application();
  const auto key = generate(256, "0A");
  log_in();
  EXPECT_EQ("9000", card_("002241B803830110"));
  const Bytes cryptogram = power(block(256), key);
  EXPECT_EQ(block(256), card_.data(command("002A8086", join({0x00}, cryptogram))));
}

TEST_F(CardOsTest, ASignatureInParts) {
  make_application();
  const auto key = generate(256, "8A");
  log_in();
  card_("002241B603830110");
  const Bytes whole = block(256);
  EXPECT_EQ("9000", card_("102A9E9AFF" + hex({whole.begin(), whole.end() - 1})));
  EXPECT_EQ(whole, power(card_.data("002A9E9A01" + hex({whole.back()}) + "00"), key));
  EXPECT_EQ("6884", card_("102A808601"
                          "00"));
  card_->set("chaining", "none");
  EXPECT_EQ("6884", card_("102A9E9A01"
                          "00"));
}

TEST_F(CardOsTest, KeysNeedASecurityEnvironment) {
  card_("80100000");
  EXPECT_EQ("9000", put_component(0x10, 0, false, "8C", Bytes(130, 0x01)));
  EXPECT_EQ("9000", put_component(0x10, 1, true, "8C", Bytes(130, 0x01)));
  EXPECT_EQ("6A88", card_("002241B603830110"));
  card_->set("environment", "free");
  EXPECT_EQ("9000", card_("002241B603830110"));
}

TEST_F(CardOsTest, ReplacingWhatExists) {
  make_application();
  EXPECT_EQ("9000", put_pin(3, 4, kOther)) << "this DF lets anybody update its objects";
  EXPECT_EQ("6300", log_in());
  card_("00A4000C023F00");
  EXPECT_EQ("9000", create("38", "5016", "1000", "000300000000000000"));
  card_("00A4000C025016");
  EXPECT_EQ("9000", put_pin(3, 0xFF, kPin));
  EXPECT_EQ("6982", put_pin(3, 0xFF, kOther));
  log_in();
  EXPECT_EQ("9000", put_pin(3, 0xFF, kOther));
}

TEST_F(CardOsTest, TheTriesOfTheVerifyRcPackage) {
  card_->set("verify-rc", "yes");
  EXPECT_THAT(card_("00CA018800"), EndsWith("E106010407010000"
                                            "9000"));
  make_application();
  EXPECT_EQ("9000", card_(command("00DA016E",
                                  bytes("83020005"
                                        "8509"
                                        "02040387 03FFFF0004"
                                        "86030005FF"
                                        "8F08" +
                                        kPin),
                                  false)));
  EXPECT_EQ("63C2", card_("0020008508" + kOther));
  EXPECT_EQ("6300", card_("0020008308" + kOther)) << "the PIN does not ask for it";
}

TEST_F(CardOsTest, PowerLoss) {
  make_application();
  const nlohmann::json before = card_->save()["files"];
  card_->set("power-loss", "1");
  EXPECT_THROW(create("01", "3302", "0004", "000000000000000000"), PowerLoss);
  EXPECT_EQ(before, card_->save()["files"]);
}

TEST_F(CardOsTest, StateSurvives) {
  make_application();
  const auto key = generate(256, "8A");
  const nlohmann::json state = card_->save();
  TestCard other("cardos");
  other->load(state);
  EXPECT_EQ(state, other->save());
  EXPECT_EQ("9000", other("00A4000C025015"));
  EXPECT_EQ("9000", other("0020008308" + kPin));
  EXPECT_EQ("9000", other("002241B603830110"));
  EXPECT_EQ(block(256), power(other.data(command("002A9E9A", block(256))), key));
}

TEST_F(CardOsTest, MemoryEnds) {
  EXPECT_EQ("9000", create("01", "0001", "F000", "000000000000000000"));
  EXPECT_EQ("6A84", create("01", "0002", "F000", "000000000000000000"));
}

TEST_F(CardOsTest, AnyBytesGetAnAnswer) {
  make_application();
  for (unsigned header = 0; header < 0x10000; header += 3) {
    Bytes command{static_cast<std::uint8_t>((header & 1) != 0 ? 0x80 : 0x00),
                  static_cast<std::uint8_t>(header >> 8), static_cast<std::uint8_t>(header), 0x00};
    command.resize(4 + header % 17, static_cast<std::uint8_t>(header));
    EXPECT_GE(card_->transmit(command).size(), 2U);
  }
}

class NativeTest : public ::testing::Test {
 protected:
  NativeTest() { card_->set("layout", "native"); }

  std::string log_in(const Bytes& key, const std::string& reference) {
    const Bytes challenge = card_.data("0084000008");
    Bytes out(8);
    int length = 0;
    EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex(context, EVP_des_ede3_ecb(), nullptr, key.data(), nullptr);
    EVP_CIPHER_CTX_set_padding(context, 0);
    EVP_EncryptUpdate(context, out.data(), &length, challenge.data(), 8);
    EVP_CIPHER_CTX_free(context);
    return card_("008200" + reference + "08" + hex(out));
  }
  TestCard card_{"cardos"};
};

TEST_F(NativeTest, LoginOfTheVector) {
  const auto vector = vectors("cardos").front();
  card_->set("native-pin", vector.at("pin"));
  EXPECT_THAT(card_("00A40804026666"
                    "00"),
              EndsWith("9000"));
  EXPECT_EQ("6300", log_in(Bytes(24, 0x11), "81"));
  EXPECT_EQ("9000", log_in(bytes(vector.at("key")), "81"));
  EXPECT_EQ("6300", log_in(bytes(vector.at("key")), "85")) << "the administrator has another PIN";
  EXPECT_EQ("6985", card_("00820081080000000000000000")) << "a challenge serves once";
}

TEST_F(NativeTest, ThePublicDriversSteps) {
  card_("00A40804026666");
  card_("00A408040466660001");
  EXPECT_THAT(card_.data("00CA018100"), SizeIs(32));
  card_("00A40804026666");
  EXPECT_EQ("9000", log_in(bytes(vectors("cardos").front().at("key")), "81"));
  EXPECT_EQ("9000", card_("00A408040466661002"));
  EXPECT_EQ(
      "6F07"
      "820101"
      "86020001"
      "9000",
      card_("8016020000"));
  EXPECT_EQ("9000", card_("00A4080406666610020001"));
  Bytes file;
  for (unsigned at = 0;; at += 0x80) {
    const Bytes piece = card_.send(
        "00B0" + hex({static_cast<std::uint8_t>(at >> 8), static_cast<std::uint8_t>(at), 0x80}));
    file = join(file, {piece.begin(), piece.end() - 2});
    if (piece.size() < 0x80 + 2) break;
  }
  EXPECT_EQ("0400", hex({file[0], file[1]}));
  EXPECT_EQ(file.size(), static_cast<std::size_t>(file[2] | file[3] << 8));
  const std::uint8_t* in = file.data() + 4;
  X509* certificate = d2i_X509(nullptr, &in, static_cast<long>(file.size() - 4));
  ASSERT_NE(nullptr, certificate);

  EXPECT_EQ("9000", card_("00A408040466661001"));
  EXPECT_EQ("9000", card_("0022F3FE"));
  EXPECT_EQ("9000", card_("0022F1B803830103"));
  Bytes block(256, 0xFF);
  block[0] = 0x00;
  block[1] = 0x01;
  block[200] = 0x00;
  const Bytes answer = card_.send(command("002A8086", join({0x00}, block), false));
  ASSERT_THAT(answer, SizeIs(258));
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(X509_get0_pubkey(certificate), nullptr);
  Bytes opened(256);
  std::size_t length = opened.size();
  EVP_PKEY_encrypt_init(context);
  EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING);
  EVP_PKEY_encrypt(context, opened.data(), &length, answer.data(), 256);
  EVP_PKEY_CTX_free(context);
  X509_free(certificate);
  EXPECT_EQ(block, opened);
}

}  // namespace
}  // namespace kilt::vtoken::test
