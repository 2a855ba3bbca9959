// The virtual IDPrime, against public fragments of real ones.
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <zlib.h>

#include "tests/virtual_tests/etoken_test.h"

namespace kilt::vtoken::test {
namespace {

using ::testing::EndsWith;
using ::testing::SizeIs;
using ::testing::StartsWith;

const char* const kSelect = "00A404000BA0000000188000000006 62";
const std::string kPin = "31323334353637383930";
const std::string kPadded = kPin + "000000000000";

class IdPrimeTest : public ::testing::Test {
 protected:
  IdPrimeTest() { card_(kSelect); }

  void log_in() { EXPECT_EQ("9000", card_("0020001110" + kPadded)); }
  void choose(const std::string& usage, const std::string& algorithm, const std::string& key) {
    EXPECT_EQ("9000", card_("002241" + usage + "068001" + algorithm + "8401" + key));
  }
  /// Digest given, digest echoed, signature back.
  Bytes sign(const std::string& algorithm, const std::string& key, const Bytes& value) {
    choose("B6", algorithm, key);
    const Bytes object = join({0x90, static_cast<std::uint8_t>(value.size())}, value);
    EXPECT_EQ(value, card_.data(command("002A90A0", object)));
    return card_.data("002A9E9A00");
  }
  /// The key of a container, from its certificate.
  EVP_PKEY* public_key(const std::string& file) {
    const Bytes information = card_.data("00A4080002" + file + "00");
    const std::size_t size = static_cast<std::size_t>(information[4] << 8 | information[5]);
    Bytes contents;
    while (contents.size() < size) {
      const std::size_t now = std::min<std::size_t>(size - contents.size(), 255);
      contents = join(contents,
                      card_.data(hex({0x00, 0xB0, static_cast<std::uint8_t>(contents.size() >> 8),
                                      static_cast<std::uint8_t>(contents.size()),
                                      static_cast<std::uint8_t>(now)})));
    }
    Bytes der(static_cast<std::size_t>(contents[2] | contents[3] << 8));
    uLongf length = der.size();
    EXPECT_EQ("0100", hex({contents[0], contents[1]}));
    EXPECT_EQ(Z_OK, uncompress(der.data(), &length, contents.data() + 4, contents.size() - 4));
    const std::uint8_t* in = der.data();
    X509* certificate = d2i_X509(nullptr, &in, static_cast<long>(der.size()));
    EVP_PKEY* key = X509_get_pubkey(certificate);
    X509_free(certificate);
    key_.reset(key, [](EVP_PKEY* old) { EVP_PKEY_free(old); });
    return key;
  }
  static bool verifies(EVP_PKEY* key, const char* digest, int padding, const Bytes& hash,
                       const Bytes& signature) {
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, nullptr);
    EVP_PKEY_verify_init(context);
    if (padding != 0) EVP_PKEY_CTX_set_rsa_padding(context, padding);
    EVP_PKEY_CTX_set_signature_md(context, EVP_get_digestbyname(digest));
    const int good =
        EVP_PKEY_verify(context, signature.data(), signature.size(), hash.data(), hash.size());
    EVP_PKEY_CTX_free(context);
    return good == 1;
  }

  TestCard card_{"idprime"};
  std::shared_ptr<EVP_PKEY> key_;
  const Bytes hash_ = Bytes(32, 0x5C);
};

TEST_F(IdPrimeTest, AnswersToReset) {
  EXPECT_EQ("3BFF9600008131FE4380318065B0855956FB120FFE82900000", hex(card_->atr()));
  card_->set("protocol", "t0");
  EXPECT_EQ("3B7F96000080318065B0855956FB120FFE829000", hex(card_->atr()));
  card_->set("protocol", "usual");
  card_->set("model", "840");
  EXPECT_EQ("3B7F96000080318065B0850300EF120FFE829000", hex(card_->atr()));
  card_->set("model", "930");
  EXPECT_EQ("3BFF9600008131FE4380318065B0846566FB12017882900085", hex(card_->atr()));
}

TEST_F(IdPrimeTest, FragmentsOfTheBareCard) {
  card_->set("protocol", "t0");
  card_->reset();
  EXPECT_EQ("6D00", card_("00A6000015"));
  EXPECT_EQ("9000", card_(kSelect));
  EXPECT_EQ("6C15", card_("00A6000000"));
  EXPECT_THAT(card_("00A6000015"), EndsWith("A0000000188000000006624051"
                                            "9000"));
  EXPECT_EQ("611C", card_("00A40000020201"));
  EXPECT_EQ(
      "6F1A81020010820101830202018A01058C04431212009C0443121200"
      "9000",
      card_("00C000001C"));
  const Bytes number = card_.data("00B0000010");
  EXPECT_EQ(Bytes(number.begin(), number.begin() + 8), Bytes(number.begin() + 8, number.end()));
  EXPECT_EQ("611C", card_("00A40000020202"));
  EXPECT_EQ(
      "6F1A81020006820101830202028A01058C04431818009C0443181800"
      "9000",
      card_("00C000001C"));
  card_->set("ever-changed", "absent");
  EXPECT_EQ("6121", card_("00CB00FF05A003830183"));
}

TEST_F(IdPrimeTest, TheRecordedPinObject) {
  card_->set("ever-changed", "absent");
  EXPECT_EQ(
      "A01F8301838C04F00000009C04F0000000DF210400FFA504DF2702FFFFDF280110"
      "9000",
      card_("00CB00FF05A00383018300"));
}

TEST_F(IdPrimeTest, TriesAreSpentOneByOne) {
  EXPECT_EQ("63C5", card_("00200011"));
  EXPECT_EQ("63C5", card_("00210011"));
  EXPECT_EQ("6700", card_("002000110A" + kPin)) << "an unpadded PIN costs nothing";
  EXPECT_EQ("63C4", card_("0020001110" + std::string(32, '3')));
  EXPECT_EQ("63C4", card_("00200011"));
  log_in();
  EXPECT_EQ("9000", card_("00200011"));
  EXPECT_EQ("63C5", card_("00210011"));
  for (int i = 0; i < 5; ++i) card_("0020001110" + std::string(32, '3'));
  EXPECT_EQ("6983", card_("00200011"));
  EXPECT_EQ("6983", card_("0020001110" + kPadded));
}

TEST_F(IdPrimeTest, ChangeOfThePin) {
  const std::string fresh = "34343434000000000000000000000000";
  EXPECT_THAT(card_("00CB00FF05A00383011100"), EndsWith("DF2F0100"
                                                        "9000"));
  EXPECT_EQ("63C4", card_("0024001120" + fresh + fresh));
  EXPECT_EQ("6A80", card_("0024001120" + kPadded + "34343400" + std::string(24, '0')));
  EXPECT_EQ("9000", card_("0024001120" + kPadded + fresh));
  EXPECT_EQ("9000", card_("0020001110" + fresh));
  EXPECT_THAT(card_("00CB00FF05A00383011100"), EndsWith("DF2F0101"
                                                        "9000"));
}

TEST_F(IdPrimeTest, TheUnpaddedFormOfThe930) {
  card_->set("model", "930");
  card_(kSelect);
  EXPECT_EQ("9000", card_("002100110A" + kPin));
  EXPECT_EQ("9000", card_("0021FF11"));
  EXPECT_EQ("63C5", card_("00200011"));
}

TEST_F(IdPrimeTest, Index) {
  const Bytes information = card_.data("00A408000201 0100");
  const std::size_t size = static_cast<std::size_t>(information[4] << 8 | information[5]);
  const Bytes index = card_.data("00B00000" + hex({static_cast<std::uint8_t>(size)}));
  ASSERT_EQ(1U + 21U * index[0], index.size());
  const std::string text(index.begin(), index.end());
  EXPECT_NE(std::string::npos, text.find("cmapfilemscp"));
  EXPECT_NE(std::string::npos, text.find(std::string("kxc01\0\0\0mscp", 12)));
  EXPECT_NE(std::string::npos, text.find(std::string("tinfo\0\0\0p11", 11)));
  EXPECT_EQ("6B00", card_("00B00000FF")) << "a length that passes the end";
}

TEST_F(IdPrimeTest, ASmallFileThatInflates) {
  card_->set("certificates", "bomb");
  const Bytes information = card_.data(
      "00A40800020207"
      "00");
  const std::size_t size = static_cast<std::size_t>(information[4] << 8 | information[5]);
  Bytes contents;
  while (contents.size() < size)
    contents =
        join(contents, card_.data(hex({0x00, 0xB0, static_cast<std::uint8_t>(contents.size() >> 8),
                                       static_cast<std::uint8_t>(contents.size()), 0x00})));
  Bytes inflated(std::size_t{17} << 20);
  uLongf length = inflated.size();
  EXPECT_EQ(Z_OK, uncompress(inflated.data(), &length, contents.data() + 4, contents.size() - 4));
  EXPECT_EQ(std::size_t{16} << 20, length);
}

TEST_F(IdPrimeTest, KeyMapOfThe940) {
  card_(
      "00A40800020005"
      "00");
  EXPECT_EQ(
      "015E000000000001"
      "015F010000000001"
      "00",
      hex(card_.data("00B0000011")));
  card_->set("signature-pin", "5555");
  EXPECT_EQ("0260020000000002", hex(card_.data("00B0001008")));
  card_->set("model", "840");
  card_(kSelect);
  EXPECT_EQ("6A82", card_("00A40800020005"
                          "00"));
}

TEST_F(IdPrimeTest, ContainerMapBehindALogin) {
  card_->set("container-map", "login");
  card_("00A4080002020400");
  EXPECT_EQ("6982", card_("00B0000056"));
  log_in();
  EXPECT_THAT(card_.data("00B0000056"), SizeIs(86));
}

TEST_F(IdPrimeTest, RsaSignatures) {
  EVP_PKEY* key = public_key("0207");
  choose("B6", "02", "5E");
  card_.data(command("002A90A0", join({0x90, 0x20}, hash_)));
  EXPECT_EQ("6982", card_("002A9E9A00"));
  log_in();
  const Bytes info = join(bytes("3031300D060960864801650304020105000420"), hash_);
  EXPECT_TRUE(verifies(key, "SHA256", RSA_PKCS1_PADDING, hash_, sign("02", "5E", info)));
  EXPECT_TRUE(verifies(key, "SHA256", RSA_PKCS1_PADDING, hash_, sign("42", "5E", hash_)));
  EXPECT_TRUE(verifies(key, "SHA256", RSA_PKCS1_PSS_PADDING, hash_, sign("45", "5E", hash_)));
  const Bytes longer(64, 0x11);
  EXPECT_TRUE(verifies(key, "SHA512", RSA_PKCS1_PADDING, longer, sign("62", "5E", longer)));
  EXPECT_EQ("6A80", card_("002241B6068001128401"
                          "5E"))
      << "SHA-1";
  EXPECT_EQ("6A88", card_("002241B6068001028401"
                          "AA"))
      << "no such key";
  choose("B6", "42", "5E");
  EXPECT_EQ("6A80", card_(command("002A90A0", bytes("9003010203"))));
}

TEST_F(IdPrimeTest, AWholeBlockByChaining) {
  EVP_PKEY* key = public_key("0207");
  log_in();
  Bytes block(256, 0xFF);
  const Bytes info = join(bytes("003031300D060960864801650304020105000420"), hash_);
  block[0] = 0x00;
  block[1] = 0x01;
  std::copy(info.begin(), info.end(), block.end() - static_cast<std::ptrdiff_t>(info.size()));
  choose("B6", "02", "5E");
  EXPECT_EQ("9000", card_("102A9E9AFF" + hex({block.begin(), block.end() - 1})));
  const Bytes signature = card_.data("002A9E9A01" + hex({block.back()}) + "00");
  EXPECT_TRUE(verifies(key, "SHA256", RSA_PKCS1_PADDING, hash_, signature));
}

TEST_F(IdPrimeTest, Decipherment) {
  EVP_PKEY* key = public_key("0207");
  const Bytes message = bytes("010203");
  for (const bool oaep : {false, true}) {
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, nullptr);
    Bytes cryptogram(256);
    std::size_t length = cryptogram.size();
    EVP_PKEY_encrypt_init(context);
    EVP_PKEY_CTX_set_rsa_padding(context, oaep ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING);
    if (oaep) EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256());
    EVP_PKEY_encrypt(context, cryptogram.data(), &length, message.data(), message.size());
    EVP_PKEY_CTX_free(context);
    choose("B8", oaep ? "4D" : "1A", "5E");
    const std::string decipher = command("002A8086", join({0x81}, cryptogram));
    EXPECT_EQ(oaep ? "010203"
                     "9000"
                   : "6982",
              card_(decipher));
    log_in();
    EXPECT_EQ(message, card_.data(decipher));
  }
}

TEST_F(IdPrimeTest, EllipticCurve) {
  EVP_PKEY* key = public_key("0208");
  log_in();
  const Bytes raw = sign("44", "5F", hash_);
  ASSERT_THAT(raw, SizeIs(64));
  ECDSA_SIG* signature = ECDSA_SIG_new();
  ECDSA_SIG_set0(signature, BN_bin2bn(raw.data(), 32, nullptr),
                 BN_bin2bn(raw.data() + 32, 32, nullptr));
  Bytes der(static_cast<std::size_t>(i2d_ECDSA_SIG(signature, nullptr)));
  std::uint8_t* out = der.data();
  i2d_ECDSA_SIG(signature, &out);
  ECDSA_SIG_free(signature);
  EXPECT_TRUE(verifies(key, "SHA256", 0, hash_, der));
  choose("B6", "44", "5F");
  EXPECT_EQ("6A80", card_(command("002A90A0", bytes("9003010203")))) << "not a multiple of 8";

  // Diffie-Hellman with a key of the test's.
  EVP_PKEY* own = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  unsigned char* point = nullptr;
  const std::size_t size = EVP_PKEY_get1_encoded_public_key(own, &point);
  const Bytes given = join({0x00}, Bytes(point, point + size));
  OPENSSL_free(point);
  EXPECT_EQ("9000", card_("002241B80384015F"));
  const Bytes shared = card_.data(command("002A8086", given));
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(own, nullptr);
  EVP_PKEY_derive_init(context);
  EVP_PKEY_derive_set_peer(context, key);
  Bytes expected(32);
  std::size_t length = expected.size();
  EVP_PKEY_derive(context, expected.data(), &length);
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(own);
  EXPECT_EQ(expected, shared);
}

TEST_F(IdPrimeTest, PublicKeysWithoutAPin) {
  const Bytes modulus = card_.data("00CB00FF0AB60383015E7F4902810000");
  EXPECT_THAT(hex(modulus), StartsWith("B682010C"
                                       "83015E"
                                       "7F49820104"
                                       "81820100"));
  const Bytes point = card_.data("00CB00FF0AB60383015F7F4902860000");
  EXPECT_THAT(hex(point), StartsWith("B649"
                                     "83015F"
                                     "7F4943"
                                     "864104"));
  EXPECT_EQ("6A88", card_("00CB00FF0AB60383015E7F4902860000")) << "an RSA key has no point";
  EXPECT_EQ("6A88", card_("00CB00FF0AB6038301777F4902810000"));
  card_->set("public-key", "bare");
  EXPECT_THAT(card_("00CB00FF0AB60383015F7F4902860000"), StartsWith("7F4943"
                                                                    "864104"));
}

TEST_F(IdPrimeTest, LogoutAndReset) {
  log_in();
  const Bytes session = card_.data("00A6000015");
  EXPECT_EQ("9000", card_("0082FF00"));
  EXPECT_EQ("9000", card_("0020FF11"));
  EXPECT_EQ("63C5", card_("00200011"));
  log_in();
  EXPECT_EQ("9000", card_(kSelect));
  EXPECT_EQ("63C5", card_("00200011"));
  EXPECT_EQ(session, card_.data("00A6000015"));
  card_->reset();
  EXPECT_EQ("6D00", card_("00200011"));
  card_(kSelect);
  EXPECT_NE(session, card_.data("00A6000015"));
}

TEST_F(IdPrimeTest, StateSurvives) {
  card_->set("signature-pin", "5555");
  card_("0020001110" + std::string(32, '3'));
  const nlohmann::json state = card_->save();
  TestCard other("idprime");
  other->load(state);
  EXPECT_EQ(state, other->save());
  other(kSelect);
  EXPECT_EQ("63C4", other("00200011"));
  EXPECT_EQ(card_.data("00CB00FF0AB60383015E7F4902810000"),
            other.data("00CB00FF0AB60383015E7F4902810000"));
}

TEST_F(IdPrimeTest, AnAnnouncedAnswerIsNotMadeTwice) {
  card_->set("protocol", "t0");
  card_->set("keys", "rsa-1024");
  card_->reset();
  card_(kSelect);
  log_in();
  choose("B6", "42", "5E");
  EXPECT_EQ("6120", card_(command("002A90A0", join({0x90, 0x20}, hash_), false)));
  EXPECT_EQ("6C80", card_("002A9E9A00"));
  EXPECT_THAT(card_.data("002A9E9A80"), SizeIs(128));
  EXPECT_EQ("6985", card_("002A9E9A80"));
}

TEST_F(IdPrimeTest, AnyBytesGetAnAnswer) {
  for (unsigned header = 0; header < 0x10000; header += 3) {
    Bytes command{static_cast<std::uint8_t>((header & 1) != 0 ? 0x10 : 0x00),
                  static_cast<std::uint8_t>(header >> 8), static_cast<std::uint8_t>(header), 0xFF};
    command.resize(4 + header % 17, static_cast<std::uint8_t>(header));
    EXPECT_GE(card_->transmit(command).size(), 2U);
  }
}

}  // namespace
}  // namespace kilt::vtoken::test
