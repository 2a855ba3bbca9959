// A trouble of the card's own (6F00, 6581, 64xx) in the middle of the first signature or decryption
// costs that one: the next is made as if nothing had been, by the same commands.
#include <algorithm>

#include <gmock/gmock.h>

#include "drivers/crypto/rsa.h"
#include "drivers/crypto/x509.h"
#include "tests/support/altered_card.h"
#include "tests/support/ready_token.h"

namespace kilt::test {
namespace {

/// What a card is asked for and gives, once.
struct Use {
  bool done = false;
  std::vector<Bytes> commands;
};

class PassingTrouble : public ::testing::TestWithParam<Family> {
 protected:
  static constexpr const char* kReader = "reader";

  void SetUp() override {
    // The card carries out the command in whose place it says something else: so it is not left
    // in the middle of a chain.
    const auto card =
        std::make_shared<AlteredCard>(ready_token(GetParam()), [this](BytesView, Bytes truth) {
          return trouble_in_ != 0 && --trouble_in_ == 0 ? Bytes(write_be(trouble_, 2)) : truth;
        });
    endpoint_ = std::make_shared<CountingEndpoint>(card);
    readers_.add_reader(kReader);
    readers_.insert(kReader, endpoint_);
  }
  /// A program that has just started: it has logged in and knows the keys.
  void start() {
    token_.reset();
    trouble_in_ = 0;
    endpoint_->reset();
    card_.emplace(readers_.connect(kReader));
    token_ = open_token(*card_, ProfileSet::builtin());
    (void)token_->list();
    token_->login(PinRole::kUser, SecureBytes(to_bytes(std::string_view(GetParam().pin))));
    const auto& keys = token_->list().keys;
    const auto usable = std::ranges::find_if(keys, [](const Key& key) {
      return key.has_private && key.type == KeyType::kRsa && key.usage.sign &&
             !key.always_authenticate && key.unusable_reason.empty();
    });
    ASSERT_NE(keys.end(), usable);
    key_ = *usable;
    half_ = key_.public_key;
    if (std::holds_alternative<std::monostate>(half_)) half_ = token_->read_public_key(key_.ref);
    if (std::holds_alternative<std::monostate>(half_))
      for (const Certificate& one : token_->list().certificates)
        if (one.id == key_.id) half_ = x509::public_key(token_->read_certificate(one.ref));
  }

  [[nodiscard]] bool decrypts() {
    return token_->capabilities().functions.at(Function::kDecrypt).availability ==
           Availability::kNative;
  }

  template <typename Work>
  Use watched(Work work) {
    Use use;
    endpoint_->restart_count();
    try {
      use.done = work();
    } catch (const Error& error) {
      error_ = error.what();
    }
    use.commands = endpoint_->commands();
    return use;
  }
  Use sign() {
    return watched([&] {
      const auto& rsa = std::get<RsaPublicKey>(half_);
      const Signable what = signable(*token_, key_);
      const Bytes signature = token_->sign(key_, what.scheme, Hash::kSha256, what.input);
      return what.scheme == SignScheme::kRsaRaw
                 ? crypto::rsa_is_private_of(rsa, what.input, signature)
                 : crypto::rsa_verify_pkcs1(rsa, what.input, signature);
    });
  }
  Use decrypt() {
    return watched([&] {
      const auto& rsa = std::get<RsaPublicKey>(half_);
      // The last of the padded block, whoever takes the padding off.
      const Bytes secret = to_bytes(std::string_view("a secret"));
      if (cryptogram_.empty()) cryptogram_ = crypto::rsa_encrypt_pkcs1(rsa, secret);
      const DecryptScheme scheme = token_->capabilities().has(DecryptScheme::kRsaRaw)
                                       ? DecryptScheme::kRsaRaw
                                       : DecryptScheme::kRsaPkcs1;
      const SecureBytes clear = token_->decrypt(key_, scheme, Hash::kNone, cryptogram_);
      return clear.size() >= secret.size() && equal(clear.view().last(secret.size()), secret);
    });
  }

  /// `work` on a token that has a trouble in the first one, at each of its commands.
  template <typename Work>
  void check(Work work) {
    start();
    const Use first = work(), second = work();
    ASSERT_TRUE(first.done) << error_;
    ASSERT_TRUE(second.done) << error_;
    for (const unsigned sw : {0x6F00U, 0x6581U, 0x6400U, 0x6401U})
      for (std::size_t at = 1; at <= first.commands.size(); ++at) {
        // The beginning of a chain: carried out, it would leave the card in the middle of it.
        if ((first.commands[at - 1][0] & 0x10) != 0) continue;
        SCOPED_TRACE(std::to_string(sw) + " at command " + std::to_string(at));
        start();
        trouble_in_ = at;
        trouble_ = sw;
        (void)work();
        trouble_in_ = 0;
        const Use after = work();
        EXPECT_TRUE(after.done) << error_;
        // Selecting anew what the trouble left in doubt is no other way.
        EXPECT_TRUE(std::ranges::includes(sorted(second), sorted(after)) ||
                    std::ranges::includes(sorted(first), sorted(after)))
            << "another way: " << ::testing::PrintToString(sorted(after)) << " instead of "
            << ::testing::PrintToString(sorted(second));
      }
  }

 private:
  /// Which commands, without their data (cryptograms of secure messaging differ each time).
  static std::vector<std::string> sorted(const Use& use) {
    std::vector<std::string> headers;
    for (const Bytes& command : use.commands)
      headers.push_back(to_hex(BytesView(command).first(std::min<std::size_t>(command.size(), 4))));
    std::ranges::sort(headers);
    return headers;
  }

  std::size_t trouble_in_ = 0;  ///< so many commands from now; 0: none
  unsigned trouble_ = 0;        ///< its status word
  std::shared_ptr<CountingEndpoint> endpoint_;
  MemoryTransport readers_;
  std::optional<apdu::Card> card_;
  std::unique_ptr<Token> token_;
  Key key_;
  PublicKey half_;
  Bytes cryptogram_;
  std::string error_;
};

TEST_P(PassingTrouble, InTheFirstSignatureChangesNoWay) {
  check([this] { return sign(); });
}

TEST_P(PassingTrouble, InTheFirstDecryptionChangesNoWay) {
  start();
  if (!decrypts()) GTEST_SKIP() << "the token does not decrypt without the user's consent";
  check([this] { return decrypt(); });
}

INSTANTIATE_TEST_SUITE_P(Families, PassingTrouble, ::testing::ValuesIn(kFamilies),
                         [](const auto& one) {
                           std::string name = one.param.kind;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace kilt::test
