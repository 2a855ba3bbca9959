// Cards that lie, never end, or are something else: bounded work, typed errors, no PIN try.
#include <gmock/gmock.h>

#include "drivers/iso7816/key_slots.h"
#include "drivers/pkcs15/discovery.h"
#include "tests/drivers/iso7816/check.h"
#include "tests/support/card_test.h"

namespace kilt::test {
namespace {

using ::testing::HasSubstr;

/// Answers by a function; counts nothing itself.
class ScriptedCard : public CardEndpoint {
 public:
  using Answer = std::function<Bytes(BytesView)>;
  explicit ScriptedCard(Answer answer, Bytes atr = from_hex("3B80 8001 01"))
      : answer_(std::move(answer)), atr_(std::move(atr)) {}
  [[nodiscard]] Bytes atr() const override { return atr_; }
  void reset() override {}
  Bytes transmit(BytesView command) override { return answer_(command); }

 private:
  Answer answer_;
  Bytes atr_;
};

Bytes sw(unsigned value) { return {static_cast<Byte>(value >> 8), static_cast<Byte>(value)}; }

class HostileTest : public CardTest {};

TEST_F(HostileTest, TheSameAnswerToEverything) {
  for (const unsigned status : {0x6D00U, 0x6E00U, 0x6A82U, 0x6982U, 0x6F00U, 0x6700U, 0x6A86U,
                                0x9000U, 0x6100U, 0x6C00U, 0x6283U, 0x63C2U, 0x0000U}) {
    insert(std::make_shared<ScriptedCard>([=](BytesView) { return sw(status); }));
    try {
      bind();
      token().list();
    } catch (const Error&) {
      // Whatever it is called: it ends, and nothing was verified.
    }
    EXPECT_LT(endpoint_->count(), 400U) << std::hex << status;
    EXPECT_EQ(0U, endpoint_->count_ins(0x20)) << std::hex << status;
  }
}

TEST_F(HostileTest, ManyKindsOfGarbage) {
  unsigned seed = 1;
  for (int round = 0; round < 200; ++round) {
    insert(std::make_shared<ScriptedCard>([&](BytesView) {
      seed = seed * 1103515245U + 12345U;
      Bytes answer(seed >> 16 & 0xFF);
      for (Byte& byte : answer)
        byte = static_cast<Byte>((seed = seed * 1103515245U + 12345U) >> 16);
      append(answer, sw(0x9000));
      return answer;
    }));
    try {
      bind();
      const auto objects = token().list();
      for (const auto& certificate : objects.certificates)
        static_cast<void>(token().read_certificate(certificate.ref));
    } catch (const Error&) {
      // Whatever it is called: it ends soon, and no PIN was compared.
    }
    EXPECT_LT(endpoint_->count(), 1500U) << round;
    for (const Bytes& command : endpoint_->commands()) EXPECT_FALSE(compares_pin(command)) << round;
  }
}

class OddAkey : public CardTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(OddAkey, IsListedAsFarAsItGoes) {
  insert("akey", {{"oddity", GetParam()}});
  std::size_t objects = 0;
  try {
    bind();
    const ObjectList& list = token().list();
    objects = list.keys.size() + list.certificates.size();
    // Each directory is read to the end of READ BINARY's offsets at most, once.
    EXPECT_LT(endpoint_->count(), 1500U) << "for the list alone";
    for (const auto& certificate : list.certificates) {
      try {
        EXPECT_FALSE(token().read_certificate(certificate.ref).empty());
      } catch (const Error&) {
        continue;  // named, but not there or damaged
      }
    }
    for (const Key& key : list.keys) static_cast<void>(token().read_public_key(key.ref));
  } catch (const Error& error) {
    EXPECT_EQ(std::string("huge"), GetParam()) << error.what();
  }
  EXPECT_LT(objects, 2000U);
  for (const Bytes& command : endpoint_->commands()) EXPECT_FALSE(compares_pin(command));
}

INSTANTIATE_TEST_SUITE_P(All, OddAkey,
                         ::testing::Values("none", "empty", "keys-only", "certificates-only",
                                           "missing-files", "wrong-size", "broken-certificate",
                                           "broken-directory", "cycle", "huge"),
                         [](const auto& param) {
                           std::string name = param.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST_F(HostileTest, OtherProgramsCardsAreToldByName) {
  const auto only = [&](const char* aid) {
    insert(std::make_shared<ScriptedCard>([name = from_hex(aid)](BytesView command) {
      const bool wanted = command.size() >= 5 + name.size() && command[1] == 0xA4 &&
                          equal(command.subspan(5, name.size()), name);
      return sw(wanted ? 0x9000 : 0x6A82);
    }));
    try {
      bind();
    } catch (const TokenNotRecognized& error) {
      return std::string(error.what());
    }
    return std::string("recognised");
  };
  EXPECT_THAT(only("A000000308000010000100"), HasSubstr("PIV"));
  EXPECT_THAT(only("A000000397425446590201"), HasSubstr("GIDS"));
  EXPECT_THAT(only("A0000000770108000700 00FE00000100"), HasSubstr("IAS-ECC"));
  EXPECT_THAT(only("A0000000308000000009816001"), HasSubstr("IAS-ECC"));
  EXPECT_THAT(only("A000000099"), HasSubstr("no driver knows"));
}

TEST_F(HostileTest, AnIasEccCardIsToldByName) {
  insert("iasecc");
  try {
    // One that keeps a PKCS#15 directory works as such a card.
    bind();
    EXPECT_EQ("pkcs15", token().profile_name());
  } catch (const TokenNotRecognized& error) {
    EXPECT_THAT(error.what(), HasSubstr("IAS-ECC"));
  }
  EXPECT_EQ(0U, endpoint_->count_ins(0x20));
}

TEST_F(HostileTest, OemChipsAreToldByName) {
  const auto refuse = [](BytesView) { return sw(0x6A82); };
  insert(std::make_shared<ScriptedCard>(
      refuse, from_hex("3B9F958131FE9F006646530501001171DF00000390 0080")));
  EXPECT_THAT([&] { bind(); }, ::testing::ThrowsMessage<TokenNotRecognized>(HasSubstr("Feitian")));
}

TEST_F(HostileTest, PublicKeyAnswers) {
  const Bytes e{0x01, 0x00, 0x01};
  Bytes modulus(256, 0xAB);
  Bytes key = from_hex("FFA00782010A");  // length one too long
  EXPECT_THROW(static_cast<void>(iso7816::parse_public_key(key, e)), MalformedAnswer);
  const auto wrapped = [&](const Bytes& number) {
    const auto inner = [](Byte tag, const Bytes& value) {
      Bytes node{tag, 0x82, static_cast<Byte>(value.size() >> 8), static_cast<Byte>(value.size())};
      append(node, value);
      return node;
    };
    Bytes body = inner(0x81, number);
    Bytes middle = from_hex("7F4982");
    middle.push_back(static_cast<Byte>(body.size() >> 8));
    middle.push_back(static_cast<Byte>(body.size()));
    append(middle, body);
    Bytes outer = from_hex("FFA00782");
    outer.push_back(static_cast<Byte>(middle.size() >> 8));
    outer.push_back(static_cast<Byte>(middle.size()));
    append(outer, middle);
    return outer;
  };
  EXPECT_EQ(271U, wrapped(modulus).size()) << "the length in the published log";
  EXPECT_EQ(modulus, iso7816::parse_public_key(wrapped(modulus), e)->modulus);
  EXPECT_EQ(std::nullopt, iso7816::parse_public_key(wrapped({}), e));
  EXPECT_EQ(std::nullopt, iso7816::parse_public_key(wrapped(Bytes(256, 0xFF)), e));
  EXPECT_EQ(std::nullopt, iso7816::parse_public_key(wrapped(Bytes(256, 0x00)), e));
  EXPECT_THROW(static_cast<void>(iso7816::parse_public_key(wrapped(Bytes(10, 0x11)), e)),
               MalformedAnswer);
  modulus.back() = 0xAA;  // even
  EXPECT_THROW(static_cast<void>(iso7816::parse_public_key(wrapped(modulus), e)), MalformedAnswer);
}

TEST_F(HostileTest, EfDirIsReadWhateverStandsInIt) {
  EXPECT_TRUE(pkcs15::decode_dir({}).empty());
  EXPECT_TRUE(pkcs15::decode_dir(Bytes(1000, 0xFF)).empty());
  EXPECT_TRUE(pkcs15::decode_dir(from_hex("61 7F 00")).empty());
  Bytes many;
  for (int i = 0; i < 1000; ++i) append(many, from_hex("61 07 4F 05 A0 00 00 00 01"));
  EXPECT_EQ(32U, pkcs15::decode_dir(many).size());
  const auto entries = pkcs15::decode_dir(
      from_hex("FFFF 61 1A 4F 0C A000000063504B43532D3135 50 04 4E616D65 51 04 3F00 4F00"));
  ASSERT_EQ(1U, entries.size());
  EXPECT_TRUE(entries[0].is_pkcs15());
  EXPECT_EQ("Name", entries[0].label);
  EXPECT_EQ(from_hex("3F004F00"), entries[0].path);
}

}  // namespace
}  // namespace kilt::test
