// Kilt's own driver with SoftHSM behind it for what that cannot do (serve = "missing").
#include "drivers/delegate/overlay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/paths.h"
#include "tests/support/softhsm.h"

namespace kilt::test {
namespace {

using testing::HasSubstr;

const Bytes kP256 = from_hex("06082A8648CE3D030107");
const char* const kUnusable = "this key wants its maker's software";

SecureBytes pin(std::string_view text) { return SecureBytes(to_bytes(text)); }

/// A driver that lists a key and cannot use it.
class HalfToken : public Token {
 public:
  HalfToken(std::string serial, PublicKey key) : serial_(std::move(serial)) {
    Key listed;
    listed.ref = {1};
    listed.type = KeyType::kEc;
    listed.bits = 256;
    listed.public_key = std::move(key);
    listed.unusable_reason = kUnusable;
    objects_.keys.push_back(listed);
    capabilities_.functions[Function::kSign] = {Availability::kUnavailable, kUnusable};
    capabilities_.functions[Function::kRandom] = {Availability::kNative, {}};
    capabilities_.functions[Function::kChangeUserPin] = {Availability::kUnavailable, "not public"};
    capabilities_.functions[Function::kInitToken] = {Availability::kNative, {}};
  }
  void reset_state() noexcept override {}
  Bytes identity() override { return to_bytes(serial_); }
  TokenInfo info() override {
    TokenInfo info;
    info.serial = serial_;
    return info;
  }
  const Capabilities& capabilities() override { return capabilities_; }
  PinStatus pin_status(PinRole) override { return {}; }
  void forget_pin_status() noexcept override {}
  void login(PinRole, const PinInput& pin) override {
    ++logins;
    if (!equal(pin.typed().view(), to_bytes("246810"))) throw WrongPin(3);
  }
  void logout() override { ++logouts; }
  const ObjectList& list() override { return objects_; }
  PublicKey read_public_key(const ObjectRef&) override { return objects_.keys[0].public_key; }
  Bytes read_certificate(const ObjectRef&) override { throw ObjectNotFound("none"); }
  Bytes read_data(const ObjectRef&) override { throw ObjectNotFound("none"); }
  Bytes sign(const Key&, SignScheme, Hash, BytesView) override { throw NotSupported(kUnusable); }
  Bytes random(std::size_t size) override { return Bytes(size, 0x11); }
  int logins = 0, logouts = 0;

 private:
  std::string serial_;
  ObjectList objects_;
  Capabilities capabilities_;
};

/// Counts the operations on the token.
class WatchedToken : public OpenedToken {
 public:
  explicit WatchedToken(std::unique_ptr<Token> token) : token_(std::move(token)) {}
  [[nodiscard]] Token& token() noexcept override { return *token_; }
  [[nodiscard]] const Profile* profile() const noexcept override { return &profile_; }
  void begin() override { ++begun; }
  void end() noexcept override { ++ended; }
  void abandon() noexcept override { ++abandoned; }
  static inline int begun = 0, ended = 0, abandoned = 0;

 private:
  std::unique_ptr<Token> token_;
  Profile profile_;
};

class Overlay : public testing::Test {
 protected:
  /// A token of SoftHSM with an EC key, and a half driver that lists the same key.
  void SetUp() override {
    static int number = 0;
    label_ = "overlay " + std::to_string(++number);
    slot_ = SoftHsm::instance().new_token(label_, "246810");
    const auto token = SoftHsm::instance().open(slot_);
    token->login(PinRole::kUser, pin("246810"));
    KeySpec spec;
    spec.type = KeyType::kEc;
    spec.parameters = kP256;
    spec.id = {7};
    spec.usage.sign = true;
    const ObjectRef ref = token->generate_key(spec);
    public_key_ = token->read_public_key(ref);
    token->logout();
  }
  Token& open(const std::string& serial, const std::string& module = kilt::test::paths::softhsm()) {
    delegate::Rule rule = SoftHsm::instance().rule();
    rule.module = module;
    rule.serve = delegate::Rule::Serve::kMissing;
    auto own = std::make_unique<HalfToken>(serial, public_key_);
    own_ = own.get();
    rule.log = [this](const std::string& line) { log_.push_back(line); };
    overlay_ =
        delegate::make_overlay(std::make_unique<WatchedToken>(std::move(own)), rule, "reader");
    return overlay_->token();
  }
  /// SoftHSM marks a token whose PIN was wrong, until a right one comes.
  [[nodiscard]] bool module_saw_wrong_pin() const {
    return SoftHsm::instance().open(slot_)->pin_status(PinRole::kUser).count_low;
  }
  /// The module's token has another PIN than the card, as one with a PIN of its own has.
  void change_pin_behind(std::string_view from, std::string_view to) const {
    const auto behind = SoftHsm::instance().open(slot_);
    behind->change_pin(PinRole::kUser, pin(from), pin(to));
  }
  static Bytes sign(Token& token) {
    return token.sign(token.list().keys.at(0), SignScheme::kEcdsa, Hash::kNone, Bytes(32, 0x5A));
  }
  static FunctionState state(Token& token, Function function) {
    return token.capabilities().functions.at(function);
  }

  std::string label_;
  delegate::ForeignSlot slot_;
  PublicKey public_key_;
  HalfToken* own_ = nullptr;
  std::unique_ptr<OpenedToken> overlay_;
  std::vector<std::string> log_;
};

TEST_F(Overlay, TellsWhoDoesWhat) {
  Token& token = open(slot_.serial);
  EXPECT_EQ(Availability::kDelegated, state(token, Function::kSign).availability);
  EXPECT_EQ(Availability::kDelegated, state(token, Function::kChangeUserPin).availability);
  EXPECT_EQ(Availability::kNative, state(token, Function::kRandom).availability);
  EXPECT_EQ(Availability::kNative, state(token, Function::kInitToken).availability);
  EXPECT_TRUE(token.list().keys.at(0).unusable_reason.empty());
  EXPECT_EQ(Bytes(4, 0x11), token.random(4));
}

TEST_F(Overlay, TheModuleSignsWithTheSameKeyAfterOneLogin) {
  Token& token = open(slot_.serial);
  const Key key = token.list().keys.at(0);
  const Bytes hash(32, 0x5A);
  EXPECT_THROW((void)token.sign(key, SignScheme::kEcdsa, Hash::kNone, hash), NotLoggedIn);
  token.login(PinRole::kUser, pin("246810"));
  EXPECT_EQ(1, own_->logins);
  const int begun = WatchedToken::begun, ended = WatchedToken::ended;
  EXPECT_EQ(64U, token.sign(key, SignScheme::kEcdsa, Hash::kNone, hash).size());
  // The card was the module's meanwhile.
  EXPECT_EQ(ended + 1, WatchedToken::ended);
  EXPECT_EQ(begun + 1, WatchedToken::begun);
  token.logout();
  EXPECT_THROW((void)token.sign(key, SignScheme::kEcdsa, Hash::kNone, hash), NotLoggedIn);
}

TEST_F(Overlay, AWrongPinNeverReachesTheModule) {
  Token& token = open(slot_.serial);
  EXPECT_THROW(token.login(PinRole::kUser, pin("000000")), WrongPin);
  EXPECT_EQ(1, own_->logins);
  EXPECT_FALSE(module_saw_wrong_pin());
}

TEST_F(Overlay, TheModuleGetsThePinOnlyWhenItsFunctionIsUsed) {
  change_pin_behind("246810", "135791");
  Token& token = open(slot_.serial);
  for (int i = 0; i < 4; ++i) {
    token.login(PinRole::kUser, pin("246810"));
    EXPECT_EQ(Bytes(4, 0x11), token.random(4));
    token.logout();
  }
  EXPECT_FALSE(module_saw_wrong_pin()) << "four logins, none of them the module's";
  token.login(PinRole::kUser, pin("246810"));
  EXPECT_THROW((void)sign(token), NotSupported);
  EXPECT_TRUE(module_saw_wrong_pin());
}

TEST_F(Overlay, AModuleThatRefusedThePinGetsNoOther) {
  change_pin_behind("246810", "135791");
  Token& token = open(slot_.serial);
  token.login(PinRole::kUser, pin("246810"));
  try {
    (void)sign(token);
    FAIL() << "the module's PIN is another";
  } catch (const NotSupported& error) {
    EXPECT_THAT(error.what(), HasSubstr("refused the PIN"));
  }
  EXPECT_THAT(log_, testing::Contains(HasSubstr("refused the PIN")));
  const auto behind = SoftHsm::instance().open(slot_);
  behind->login(PinRole::kUser, pin("135791"));  // clears SoftHSM's mark
  behind->logout();
  EXPECT_THROW((void)sign(token), NotSupported);
  token.logout();
  token.login(PinRole::kUser, pin("246810"));
  EXPECT_THROW((void)sign(token), NotSupported);
  EXPECT_FALSE(module_saw_wrong_pin());
  EXPECT_EQ(2, own_->logins);
}

TEST_F(Overlay, AfterALogoutTheModuleGetsNoPin) {
  Token& token = open(slot_.serial);
  token.login(PinRole::kUser, pin("246810"));
  token.logout();
  EXPECT_THROW((void)sign(token), NotLoggedIn);
  token.login(PinRole::kUser, pin("246810"));
  token.reset_state();
  EXPECT_THROW((void)sign(token), NotLoggedIn);
}

TEST_F(Overlay, AFailingModuleDoesNotSkipTheCardsOwnLogout) {
  Token& token = open(slot_.serial);
  token.login(PinRole::kUser, pin("246810"));
  EXPECT_EQ(64U, sign(token).size());
  SoftHsm::instance().close_sessions(slot_);
  EXPECT_THROW(token.logout(), Error) << "it is not kept quiet";
  EXPECT_EQ(1, own_->logouts);
}

TEST_F(Overlay, ALostModuleTokenIsNoLostCard) {
  Token& token = open(slot_.serial);
  token.login(PinRole::kUser, pin("246810"));
  EXPECT_EQ(64U, sign(token).size());
  SoftHsm::instance().close_sessions(slot_);
  EXPECT_THROW((void)sign(token), ServiceUnavailable);
  token.login(PinRole::kUser, pin("246810"));
  EXPECT_EQ(64U, sign(token).size()) << "opened anew";
}

TEST_F(Overlay, TheCardStaysReachable) {
  open(slot_.serial);
  EXPECT_NE(nullptr, overlay_->profile());
  const int abandoned = WatchedToken::abandoned;
  overlay_->abandon();
  EXPECT_EQ(abandoned + 1, WatchedToken::abandoned);
}

TEST_F(Overlay, AnotherTokensSerialIsNotHelped) {
  Token& token = open("0102030405060708");
  EXPECT_EQ(Availability::kUnavailable, state(token, Function::kSign).availability);
  EXPECT_EQ(kUnusable, state(token, Function::kSign).reason);
  EXPECT_EQ(kUnusable, token.list().keys.at(0).unusable_reason);
  token.login(PinRole::kUser, pin("246810"));
  EXPECT_THROW(
      (void)token.sign(token.list().keys.at(0), SignScheme::kEcdsa, Hash::kNone, Bytes(32, 1)),
      Error);
}

TEST_F(Overlay, WithoutTheModuleTheOwnDriverWorks) {
  Token& token = open(slot_.serial, "/nonexistent/module.so");
  EXPECT_EQ(Availability::kUnavailable, state(token, Function::kSign).availability);
  token.login(PinRole::kUser, pin("246810"));
  EXPECT_EQ(Bytes(2, 0x11), token.random(2));
  EXPECT_THAT(token.list().keys, testing::SizeIs(1));
  EXPECT_THROW(token.change_pin(PinRole::kUser, pin("246810"), pin("135791")), ServiceUnavailable);
}

TEST_F(Overlay, TheModuleChangesThePin) {
  Token& token = open(slot_.serial);
  token.change_pin(PinRole::kUser, pin("246810"), pin("135791"));
  const auto behind = SoftHsm::instance().open(slot_);
  EXPECT_THROW(behind->login(PinRole::kUser, pin("246810")), WrongPin);
  behind->login(PinRole::kUser, pin("135791"));
  behind->logout();
}

}  // namespace
}  // namespace kilt::test
