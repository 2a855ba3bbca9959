// Bytes that real tokens of the platform sent, as far as they are public: tests/data/kaztoken.
#include <gtest/gtest.h>
#include <openssl/bn.h>

#include "drivers/kaztoken/keys.h"
#include "tests/support/scripted_connection.h"
#include "tests/support/test_data.h"
#include "tests/support/virtual_endpoint.h"

namespace kilt::kaztoken {
namespace {

struct Bn {
  Bn() : value(BN_new()) {}
  explicit Bn(BytesView big_endian)
      : value(BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), nullptr)) {}
  Bn(const Bn&) = delete;
  Bn& operator=(const Bn&) = delete;
  ~Bn() { BN_free(value); }
  BIGNUM* value;
};

apdu::Card card_of(test::Script& script) {
  return apdu::Card(std::make_unique<test::FunctionConnection>(std::ref(script)));
}

TEST(KnownAnswer, Rsa1024SignatureIsGenuine) {
  auto values = test::read_values("kaztoken/rsa1024_known_answer.txt");
  const Bn signature(reversed(values["signature"])), modulus(reversed(values["modulus"])), result;
  const Bn exponent(Bytes{1, 0, 1});
  BN_CTX* context = BN_CTX_new();
  BN_mod_exp(result.value, signature.value, exponent.value, modulus.value, context);
  BN_CTX_free(context);
  EXPECT_EQ(0, BN_cmp(result.value, Bn(reversed(values["block"])).value));
}

TEST(KnownAnswer, Rsa1024SignatureReproduces) {
  auto values = test::read_values("kaztoken/rsa1024_known_answer.txt");
  test::Script script{
      {"00A40800081000100060020001 00",
       "6F25 80020148 82021000 83020001 8506230000AA0000 860F 460002020000000200000000000000"
       "9000"},
      {"002241B603840101", "9000"},
      {"002A9E9A80" + to_hex(values["block"]) + "00", to_hex(values["signature"]) + "9000"}};
  apdu::Card card = card_of(script);
  Files files(card);
  choose_key(card, files, private_key_path(1), 1, 0xB6);
  // What the host makes: 00 01 FF … 00 DigestInfo, big-endian.
  const Bytes block = reversed(values["block"]);
  EXPECT_EQ((Bytes{0x00, 0x01, 0xFF}), to_bytes(BytesView(block).first(3)));
  EXPECT_EQ(reversed(values["signature"]), sign_rsa(card, block));
}

TEST(KnownAnswer, Rsa1024KeyGenerationReadsTheModulus) {
  auto values = test::read_values("kaztoken/rsa1024_known_answer.txt");
  test::Script script{{"0046800108A6069404010001 0000", to_hex(values["modulus"]) + "9000"}};
  apdu::Card card = card_of(script);
  const PublicKey key = generate_key_pair(card, 1, {KeyType::kRsa, 1024, 0});
  ASSERT_TRUE(std::holds_alternative<RsaPublicKey>(key));
  EXPECT_EQ(reversed(values["modulus"]), std::get<RsaPublicKey>(key).modulus);
  EXPECT_EQ((Bytes{1, 0, 1}), std::get<RsaPublicKey>(key).exponent);
}

/// y^2 = x^3 - 3x + b over p.
bool on_curve(const Bytes& x_bytes, const Bytes& y_bytes, const Bytes& p_bytes,
              const Bytes& b_bytes) {
  const Bn x(x_bytes), y(y_bytes), p(p_bytes), b(b_bytes), left, right, three;
  BN_CTX* context = BN_CTX_new();
  BN_mod_sqr(left.value, y.value, p.value, context);
  BN_mod_sqr(right.value, x.value, p.value, context);
  BN_set_word(three.value, 3);
  BN_mod_sub(right.value, right.value, three.value, p.value, context);
  BN_mod_mul(right.value, right.value, x.value, p.value, context);
  BN_mod_add(right.value, right.value, b.value, p.value, context);
  BN_CTX_free(context);
  return BN_cmp(left.value, right.value) == 0;
}

TEST(KnownAnswer, GostPointLiesOnCurveCWhenReadLittleEndian) {
  auto values = test::read_values("kaztoken/gost_public_key.txt");
  test::Script script{{"0046800100", to_hex(values["point"]) + "9000"}};
  apdu::Card card = card_of(script);
  const PublicKey key = generate_key_pair(card, 1, {KeyType::kGost256, 256, 3});
  ASSERT_TRUE(std::holds_alternative<GostPublicKey>(key));
  const Bytes point = std::get<GostPublicKey>(key).point;
  ASSERT_EQ(64U, point.size());
  const Bytes x = to_bytes(BytesView(point).first(32)), y = to_bytes(BytesView(point).subspan(32));
  EXPECT_TRUE(on_curve(reversed(x), reversed(y), values["p"], values["b"]));
  EXPECT_FALSE(on_curve(x, y, values["p"], values["b"])) << "big-endian it is no point";
  EXPECT_FALSE(on_curve(reversed(y), reversed(x), values["p"], values["b"])) << "nor with Y first";
}

TEST(KnownAnswer, GostSignatureOfAnEcp3) {
  auto values = test::read_values("kaztoken/ecp3_gost_signature.txt");
  test::Script script{
      {"002A9E9A20" + to_hex(values["hash"]) + "00", to_hex(values["signature"]) + "9000"}};
  apdu::Card card = card_of(script);
  EXPECT_EQ(reversed(values["signature"]), sign_gost(card, values["hash"]));
}

TEST(KnownAnswer, ForeignLengthsAreRefused) {
  for (const std::size_t size : {0U, 1U, 127U, 129U, 256U}) {
    apdu::Card card(std::make_unique<test::FunctionConnection>([=](BytesView) {
      Bytes answer(size, 0x55);
      append(answer, Bytes{0x90, 0x00});
      return answer;
    }));
    EXPECT_THROW((void)sign_rsa(card, Bytes(128, 0)), MalformedAnswer) << size;
    EXPECT_THROW((void)sign_gost(card, Bytes(32, 0)), MalformedAnswer) << size;
    EXPECT_THROW((void)decipher_rsa(card, Bytes(128, 0)), MalformedAnswer) << size;
    EXPECT_THROW((void)generate_key_pair(card, 1, {KeyType::kRsa, 1024, 0}), MalformedAnswer)
        << size;
    EXPECT_THROW((void)generate_key_pair(card, 1, {KeyType::kGost256, 256, 1}), MalformedAnswer)
        << size;
  }
}

void replay(const std::string& file, const std::string& protocol) {
  const auto card = vtoken::make_card("kaztoken");
  card->set("layout", "vendor");
  card->set("protocol", protocol);
  for (const auto& exchange : test::read_exchanges(file)) {
    const auto raw = card->transmit({exchange.command.begin(), exchange.command.end()});
    const Bytes answer(raw.begin(), raw.end());
    EXPECT_TRUE(exchange.matches(answer)) << to_hex(exchange.command) << " -> " << to_hex(answer);
  }
}

TEST(Replay, SlidesOfAVendorsEmployeeOnTheVirtualToken) {
  replay("kaztoken/trace_letoctf2020.txt", "t0");
}

TEST(Replay, Ecp3OnTheVirtualToken) { replay("kaztoken/trace_ecp3.txt", "t1"); }

TEST(Replay, PinObjectOfARealToken) {
  // The FCP of a PIN object as notes on a Rutoken Lite print its beginning, whole tags only.
  const Fci fci = parse_fci(from_hex("6208 8506 01 06 00 AA 00 00"));
  ASSERT_TRUE(fci.rsf);
  EXPECT_EQ(6, fci.rsf->option);
  EXPECT_EQ(10U, fci.rsf->tries_max);
  EXPECT_EQ(10U, fci.rsf->tries_left);
}

}  // namespace
}  // namespace kilt::kaztoken
