// The virtual eToken with the Java applet, against recordings and published values.
#include "tests/virtual_tests/etoken_test.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace kilt::vtoken::test {
namespace {

using ::testing::EndsWith;
using ::testing::SizeIs;
using ::testing::StartsWith;

const char* const kSaltFile = "00A40804066666 5000000F00";
const char* const kTriesLeft = "800700 1103 10012300";

Bytes triple_des(const Bytes& key, const Bytes& block) {
  Bytes out(8);
  int length = 0;
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(context, EVP_des_ede3_ecb(), nullptr, key.data(), nullptr);
  EVP_CIPHER_CTX_set_padding(context, 0);
  EVP_EncryptUpdate(context, out.data(), &length, block.data(), 8);
  EVP_CIPHER_CTX_free(context);
  return out;
}

/// The state's file with this id below the token's folder.
nlohmann::json& token_file(nlohmann::json& state, const std::string& id) {
  auto& token = state["files"]["children"][0]["children"][0];
  for (auto& one : token["children"])
    if (one["id"] == id) return one;
  throw std::logic_error("no file " + id);
}

class EtokenTest : public ::testing::TestWithParam<const char*> {
 protected:
  EtokenTest() : card_(GetParam()) {}

  /// A challenge answered under this key.
  std::string log_in(const Bytes& key, const std::string& reference = "11") {
    const Bytes challenge = card_.data("8017000008");
    return card_(command("801100" + reference, join(bytes("1008"), triple_des(key, challenge))));
  }
  Bytes user_key() { return bytes(card_->save()["pins"]["11"]["key"].get<std::string>()); }
  std::string tries_left() { return hex(card_.data(kTriesLeft)); }
  const Bytes wrong_ = Bytes(24, 0x5A);
  TestCard card_;
};

INSTANTIATE_TEST_SUITE_P(Applets, EtokenTest, ::testing::Values("etoken-legacy", "etoken-current"));

TEST_P(EtokenTest, KeysOfTheLoginVectors) {
  for (auto& vector : vectors("applet")) {
    card_.edit_state([&](nlohmann::json& state) {
      auto& salt = token_file(state, "000F")["body"];
      salt = vector["salt"] + salt.get<std::string>().substr(40);
      state["pins"]["11"] = {{"pin", vector["pin"]}, {"max", 15}, {"left", 15}};
    });
    EXPECT_EQ(vector["key"], hex(user_key()));
    EXPECT_EQ(vector["cryptogram"],
              hex(triple_des(bytes(vector["key"]), bytes(vector["challenge"]))));
    EXPECT_EQ("9000", log_in(bytes(vector["key"])));
  }
}

TEST_P(EtokenTest, AWrongPinSpendsOneTry) {
  EXPECT_EQ("23010F", tries_left());
  EXPECT_EQ("6300", log_in(wrong_));
  EXPECT_EQ("23010E", tries_left());
  EXPECT_EQ("9000", log_in(user_key()));
  EXPECT_EQ("23010F", tries_left());
}

TEST_P(EtokenTest, TheLastTryBlocks) {
  card_->set("tries", "3");
  for (int i = 0; i < 3; ++i) EXPECT_EQ("6300", log_in(wrong_));
  EXPECT_EQ("230100", tries_left());
  EXPECT_EQ("6983", log_in(user_key()));
}

TEST_P(EtokenTest, AChallengeServesOnce) {
  const Bytes answer = triple_des(user_key(), card_.data("8017000008"));
  const std::string login = command("80110011", join(bytes("1008"), answer));
  EXPECT_EQ("9000", card_(login));
  EXPECT_EQ("6985", card_(login));
  EXPECT_EQ("23010F", tries_left()) << "no try is spent by that";
}

TEST_P(EtokenTest, SaltRecord) {
  const bool current = std::string("etoken-current") == GetParam();
  const Bytes information = card_.data(kSaltFile);
  EXPECT_EQ(current ? "0302002B" : "03020014", hex(information).substr(14, 8));
  const Bytes record = card_.data("80180000040E02000000");
  EXPECT_THAT(record, SizeIs(current ? 43 : 20));
  EXPECT_EQ(current, hex(record).ends_with("000F0F"));
}

TEST_P(EtokenTest, LongFormsOfLength) {
  card_->set("lengths", "long");
  EXPECT_THAT(card_("00A4080406666650000 00A00"),
              StartsWith("01FF00010202FF0002000A03FF0002000904FF0008"));
  EXPECT_EQ("23FF00010F9000", card_(kTriesLeft));
  EXPECT_EQ("9000", log_in(user_key()));
}

TEST_P(EtokenTest, ApplicationSelection) {
  EXPECT_EQ("9000", card_("00A4040007A0000003120202"));
  EXPECT_EQ("6F108407A0000003120202A5059F650202129000", card_("00A4040007A000000312020200"));
  EXPECT_EQ("6A82", card_("00A4040008A00000015100000000"));
  EXPECT_EQ("6A86", card_("00A4000C023F00"));
}

TEST_P(EtokenTest, VersionAndSerial) {
  const bool current = std::string("etoken-current") == GetParam();
  EXPECT_EQ(current ? "1104010800059000" : "1104010100199000", card_("00CA011100"));
  const Bytes serial = card_.data("00CA010700");
  ASSERT_GE(serial.size(), 11U);
  EXPECT_EQ(card_->save()["serial"], hex({serial.begin() + 4, serial.begin() + 8}));
}

TEST_P(EtokenTest, PrivateFilesNeedALogin) {
  card_->set("cryptopro", "present");
  const std::string select = "00A4080C0C66665000E00E0B00CC00F001", read = "80180000040E02000000";
  EXPECT_EQ("9000", card_(select));
  EXPECT_EQ("6982", card_(read));
  log_in(user_key());
  EXPECT_THAT(card_.data(read), SizeIs(70));
  EXPECT_EQ("9000", card_("80150000 08 0E020002 1002ABCD"));
  EXPECT_EQ("ABCD9000", card_("80180000040E02000202"));
  EXPECT_EQ("9000", card_("00A4040007A0000003120202"));
  EXPECT_EQ("9000", card_(select));
  EXPECT_EQ("6982", card_(read)) << "selecting the applet ends the login";
}

TEST_P(EtokenTest, ShortLivedLogin) {
  card_->set("cryptopro", "present");
  const std::string select = "00A4080C0C66665000E00E0B00CC00F001", read = "80180000040E02000000";
  card_->set("login", "one-use");
  log_in(user_key());
  EXPECT_EQ("9000", card_(select));
  EXPECT_THAT(card_.data(read), SizeIs(70));
  EXPECT_EQ("6982", card_(read)) << "the login was good for one READ";
  card_->set("login", "next-command");
  log_in(user_key());
  EXPECT_THAT(card_.data(read), SizeIs(70)) << "the file stays selected over a login";
  log_in(user_key());
  EXPECT_EQ("9000", card_(select));
  EXPECT_EQ("6982", card_(read));
}

TEST_P(EtokenTest, ReadingPastTheEnd) {
  card_.data("00A4080406666650000 00A00");
  EXPECT_EQ("5790", card_("80180000040E02000810").substr(0, 4));
  card_->set("read-end", "6Cxx");
  EXPECT_EQ("6C01", card_("80180000040E02000810"));
  card_->set("read-end", "6282");
  EXPECT_EQ("576282", card_("80180000040E02000810"));
  EXPECT_EQ("6B00", card_("80180000040E02000A00"));
}

TEST_P(EtokenTest, TheSoPin) {
  EXPECT_EQ("6983", log_in(wrong_, "15")) << "none is set at the factory";
  card_->set("so-pin", "administrator");
  const Bytes first = bytes(card_->save()["pins"]["15"]["key"].get<std::string>());
  EXPECT_EQ("9000", log_in(first, "15"));
  EXPECT_EQ("6300", log_in(wrong_, "15"));
  EXPECT_EQ("23010F", tries_left()) << "the user's counter is another";
  card_->set("so-salt", "second");
  card_->set("so-pin", "administrator");
  const Bytes second = bytes(card_->save()["pins"]["15"]["key"].get<std::string>());
  EXPECT_EQ(std::string("etoken-legacy") == GetParam(), first == second);
}

TEST_P(EtokenTest, StateSurvives) {
  card_->set("tries", "5");
  EXPECT_EQ("6300", log_in(wrong_));
  const nlohmann::json state = card_->save();
  TestCard other(GetParam());
  other->load(state);
  EXPECT_EQ("2301049000", other(kTriesLeft));
  EXPECT_EQ(state, other->save());
  nlohmann::json foreign = state;
  foreign["kind"] = "kaztoken";
  EXPECT_ANY_THROW(other->load(foreign));
}

TEST_P(EtokenTest, AnyBytesGetAnAnswer) {
  for (unsigned header = 0; header < 0x10000; header += 3) {
    Bytes command{static_cast<std::uint8_t>((header & 1) != 0 ? 0x80 : 0x00),
                  static_cast<std::uint8_t>(header >> 8), 0x00, 0x00};
    command.resize(4 + header % 17, static_cast<std::uint8_t>(header));
    EXPECT_GE(card_->transmit(command).size(), 2U);
  }
  EXPECT_EQ("6700", card_("00"));
  EXPECT_EQ("6700", card_("8018000000"
                          "0E"));
}

class LegacyTest : public ::testing::Test {
 protected:
  std::string log_in() {
    const Bytes key = bytes(card_->save()["pins"]["11"]["key"].get<std::string>());
    return card_(
        command("80110011", join(bytes("1008"), triple_des(key, card_.data("8017000008")))));
  }
  /// Type-1 padding, so that the number is below the modulus.
  static Bytes block(std::size_t size) {
    Bytes padded(size, 0xFF);
    padded[0] = 0x00;
    padded[1] = 0x01;
    padded[size - 33] = 0x00;
    return padded;
  }
  Bytes public_operation(const Bytes& input) {
    Bytes der = card_.data("00A4080C0A66665000022010010002");
    for (Bytes piece; der.size() % 256 == 0; der = join(der, piece)) {
      Bytes offset{static_cast<std::uint8_t>(der.size() >> 8), 0x00};
      piece = card_.data(hex(join(join(bytes("80180000040E02"), offset), bytes("00"))));
    }
    const std::uint8_t* in = der.data();
    X509* certificate = d2i_X509(nullptr, &in, static_cast<long>(der.size()));
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(X509_get0_pubkey(certificate), nullptr);
    Bytes out(input.size());
    std::size_t length = out.size();
    EVP_PKEY_encrypt_init(context);
    EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING);
    EVP_PKEY_encrypt(context, out.data(), &length, input.data(), input.size());
    EVP_PKEY_CTX_free(context);
    X509_free(certificate);
    return out;
  }
  TestCard card_{"etoken-legacy"};
};

TEST_F(LegacyTest, PrivateOperation) {
  EXPECT_EQ("6A88", card_(command("800C0331", join(bytes("10FF0100"), block(256)))))
      << "no key in the folder selected";
  EXPECT_EQ("010101020230010302000004080011111111FFFFFF05009000",
            card_("00A408040866665000022030010 0"));
  const std::string sign = command("800C0331", join(bytes("10FF0100"), block(256)));
  EXPECT_EQ("6982", card_(sign));
  log_in();
  const Bytes answer = card_.data(sign);
  ASSERT_THAT(answer, SizeIs(260));
  EXPECT_THAT(hex(answer), StartsWith("10FF0100"));
  EXPECT_EQ(block(256), public_operation({answer.begin() + 4, answer.end()}));
}

TEST_F(LegacyTest, LengthFormsOfShorterKeys) {
  card_->set("rsa-bits", "1024");
  log_in();
  card_("00A408040866665000022030010 0");
  const std::string one = command("800C0331", join(bytes("1080"), block(128)));
  const std::string three = command("800C0331", join(bytes("10FF0080"), block(128)));
  EXPECT_THAT(card_.data(one), SizeIs(130));
  EXPECT_THAT(card_.data(three), SizeIs(130));
  card_->set("rsa-lengths", "three-byte");
  EXPECT_EQ("6A80", card_(one));
  EXPECT_THAT(card_.data(three), SizeIs(132));
  card_->set("rsa-lengths", "one-byte");
  EXPECT_EQ("6A80", card_(three));
}

TEST_F(LegacyTest, AKeyThatWantsSecureMessaging) {
  card_->set("key-security", "sm");
  log_in();
  EXPECT_THAT(card_("00A408040866665000022030010 0"), EndsWith("050C000000000000001315121315"
                                                               "9000"));
  EXPECT_EQ("6982", card_(command("800C0331", join(bytes("10FF0100"), block(256)))));
  EXPECT_EQ("6E00", card_("840C12310100"));
}

TEST_F(LegacyTest, ListInParts) {
  card_->set("rsa-pairs", "2");
  card_("00A408040666665000022000");
  EXPECT_EQ("0A0830011002300210010B01009000", card_("80010000040902000000"));
  card_->set("list-page", "3");
  EXPECT_EQ("0A063001100230020B01019000", card_("80010000040902000000"));
  EXPECT_EQ("0A0210010B01009000", card_("80010000040902000300"));
  card_->set("list-order", "sorted");
  card_->set("list-more", "absent");
  EXPECT_EQ("0A0230029000", card_("80010000040902000300"));
}

/// Answers that must be the recorded ones byte for byte; of the others the length.
class RecordingTest : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Recordings, RecordingTest,
                         ::testing::Values("5110-list.txt", "5110-login-sign.txt"));

TEST_P(RecordingTest, TheCurrentTokenAnswersAlike) {
  TestCard card("etoken-current");
  card->set("tries", "5");
  card->set("secure-messaging", "6982");
  Bytes challenge;
  std::size_t same = 0;
  for (const Exchange& exchange : recording(GetParam())) {
    std::string command_text = exchange.command;
    if (command_text.starts_with("80110011")) {
      const Bytes key = bytes(card->save()["pins"]["11"]["key"].get<std::string>());
      command_text = command("80110011", join(bytes("1008"), triple_des(key, challenge)), false);
    }
    const std::string answer = card(command_text);
    if (command_text == "8017000008") challenge = bytes(answer.substr(0, 16));
    if (command_text.starts_with("84")) {
      EXPECT_EQ("6982", answer) << "nobody knows the messaging keys";
      continue;
    }
    ASSERT_EQ(exchange.answer.size(), answer.size()) << command_text;
    EXPECT_EQ(exchange.answer.substr(exchange.answer.size() - 4), answer.substr(answer.size() - 4));
    // What a READ, a challenge, the stamp and a public point carry is this token's own.
    const bool own = command_text.starts_with("8018") || command_text.starts_with("8017") ||
                     command_text.starts_with("801C") || command_text.starts_with("8008");
    EXPECT_TRUE(own || exchange.answer == answer) << command_text;
    same += exchange.answer == answer ? 1U : 0U;
    // Attribute records: the same kinds of fields.
    const bool is_record =
        exchange.answer.starts_with("1B5A") || exchange.answer.starts_with("10A5");
    const std::size_t fields = is_record ? 34 : 0;
    EXPECT_EQ(exchange.answer.substr(0, fields), answer.substr(0, fields));
    const std::size_t head = exchange.answer.starts_with("3082") ? 8 : 0;
    EXPECT_EQ(exchange.answer.substr(0, head), answer.substr(0, head));
  }
  EXPECT_GE(same, 19U);
}

TEST(CurrentTest, ThePointIsTheCertificates) {
  TestCard card("etoken-current");
  card("00A4080C0866665000022060 02");
  const std::string point = hex(card.data("8008003100")).substr(4);
  EXPECT_THAT(point, SizeIs(128));
  card("00A4080C0A66665000022010030002");
  const std::string der =
      hex(join(card.data("80180000040E02000000"), card.data("80180000040E02010000")));
  EXPECT_NE(std::string::npos, der.find(point));
  card("00A4080C0866665000022050 02");
  EXPECT_NE(std::string::npos, hex(card.data("80180000040E02000000")).find(point));
}

}  // namespace
}  // namespace kilt::vtoken::test
