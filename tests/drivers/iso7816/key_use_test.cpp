// Which of several ways to sign or decrypt is kept: one whose result was right, no other.
#include <gmock/gmock.h>

#include "drivers/crypto/rsa.h"
#include "tests/drivers/iso7816/check.h"
#include "tests/support/card_test.h"

namespace kilt::test {
namespace {

constexpr Byte kPso = 0x2A, kInternalAuthenticate = 0x88;
constexpr std::uint16_t kComputeSignature = 0x9E9A, kDecipher = 0x8086;

class KeyWays : public CardTest {
 protected:
  void start(const Settings& settings) {
    insert("akey", settings);
    bind();
    login("1234567890");
    key_ = token().list().keys.at(0);
    half_ = std::get<RsaPublicKey>(key_.public_key);
  }
  bool signs() {
    restart_count();
    return verifies(half_, Hash::kSha256, "text",
                    token().sign(key_, SignScheme::kRsaPkcs1, Hash::kSha256,
                                 digest_info(Hash::kSha256, "text")));
  }
  bool decrypts() {
    const Bytes cryptogram = encrypt(half_, "a secret");
    restart_count();
    const SecureBytes clear =
        token().decrypt(key_, DecryptScheme::kRsaPkcs1, Hash::kNone, cryptogram);
    return to_text(clear.view()).ends_with("a secret");
  }
  /// What is said to a PERFORM SECURITY OPERATION of this kind, all parts of its chain, instead of
  /// the card.
  void answer(std::uint16_t operation, std::function<std::optional<Bytes>()> answer) {
    endpoint_->intercept([operation, answer = std::move(answer), within = false,
                          said = std::optional<Bytes>()](BytesView command) mutable {
      if (command[1] != kPso || read_be(command.subspan(2, 2)) != operation)
        return std::optional<Bytes>();
      if (!within) said = answer();
      within = !whole(command);
      return said && within ? std::optional(Bytes{0x90, 0x00}) : said;
    });
  }
  static Bytes rubbish() {
    Bytes bytes(256, 0x42);
    append(bytes, Bytes{0x90, 0x00});
    return bytes;
  }
  /// The only or last part of a chain.
  static bool whole(BytesView command) { return (command[0] & 0x10) == 0; }
  [[nodiscard]] std::size_t operations() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(endpoint_->commands(), [](const Bytes& command) {
          return whole(command) && (command[1] == kPso || command[1] == kInternalAuthenticate);
        }));
  }

  Key key_;
  RsaPublicKey half_;
};

TEST_F(KeyWays, AWayThatSaysYesAndSignsWronglyIsNotTheCards) {
  start({{"variant", "internal"}});
  answer(kComputeSignature, [] { return rubbish(); });
  EXPECT_TRUE(signs());
  EXPECT_TRUE(signs());
  EXPECT_EQ(1U, operations()) << "the second time it is known";
  EXPECT_EQ(1U, endpoint_->count_ins(kInternalAuthenticate));
}

TEST_F(KeyWays, OneWrongSignatureIsNoWay) {
  start({{"sign", "pso"}});
  unsigned wrong = 100;
  answer(kComputeSignature, [&]() -> std::optional<Bytes> {
    return wrong-- > 0 ? std::optional(rubbish()) : std::nullopt;
  });
  EXPECT_THROW(signs(), MalformedAnswer);
  wrong = 0;
  EXPECT_TRUE(signs());
  EXPECT_EQ(1U, operations()) << "the first way";
}

TEST_F(KeyWays, ATroubleOfTheCardsIsNoReasonForAnotherWay) {
  for (const unsigned sw : {0x6F00U, 0x6581U, 0x6400U}) {
    start({});
    const auto once = [sw](bool& armed) -> std::optional<Bytes> {
      if (!std::exchange(armed, false)) return std::nullopt;
      return write_be(sw, 2);
    };
    bool armed = true;
    answer(kComputeSignature, [&] { return once(armed); });
    EXPECT_THROW(signs(), CardFault);
    EXPECT_EQ(1U, operations()) << "nothing else was tried";
    EXPECT_TRUE(signs());
    EXPECT_EQ(1U, operations());
    armed = true;
    answer(kDecipher, [&] { return once(armed); });
    EXPECT_THROW(decrypts(), InvalidData) << "not told from a bad padding";
    EXPECT_EQ(1U, operations());
    EXPECT_TRUE(decrypts());
    EXPECT_EQ(1U, operations());
  }
}

TEST_F(KeyWays, AWayThatDecryptsWronglyIsNotTheCards) {
  start({{"decipher", "raw"}});
  answer(kDecipher, [this]() -> std::optional<Bytes> {
    const auto environment =
        std::ranges::find(endpoint_->commands().rbegin(), endpoint_->commands().rend(), 0x22,
                          [](const Bytes& command) { return int{command[1]}; });
    const bool names_algorithm = (*environment)[4] == 6;
    return names_algorithm ? std::optional(rubbish()) : std::nullopt;
  });
  EXPECT_TRUE(decrypts());
  EXPECT_EQ(2U, operations());
  EXPECT_TRUE(decrypts());
  EXPECT_EQ(1U, operations()) << "the second time it is known";
}

// Without the public half nothing proves a signature: each begins with the first way again.
TEST_F(KeyWays, WhatNothingProvesIsNotKept) {
  insert("akey", {{"variant", "internal"}, {"public-keys", "absent"}});
  bind();
  login("1234567890");
  key_ = token().list().keys.at(0);
  for (int i = 0; i < 2; ++i) {
    restart_count();
    EXPECT_EQ(256U, token()
                        .sign(key_, SignScheme::kRsaPkcs1, Hash::kSha256,
                              digest_info(Hash::kSha256, "text"))
                        .size());
    EXPECT_EQ(2U, operations());
  }
}

}  // namespace
}  // namespace kilt::test
