// Kilt's own driver with SoftHSM behind it for what that cannot do (serve = "missing").
#include "drivers/delegate/overlay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/softhsm.h"

namespace kilt::test {
namespace {

using testing::HasSubstr;

const Bytes kP256 = from_hex("06082A8648CE3D030107");
const char* const kUnusable = "this key wants its maker's software";

SecureBytes pin(std::string_view text) { return SecureBytes(to_bytes(text)); }

/// Counts transactions; there is no card behind it.
class WatchedConnection : public apdu::Connection {
 public:
  void begin() override { ++begun; }
  void end() noexcept override { ++ended; }
  Bytes transmit(BytesView) override { throw TransportError("no card"); }
  void reset() override {}
  [[nodiscard]] const Bytes& atr() const noexcept override { return atr_; }
  void abandon() noexcept override {}
  static inline int begun = 0, ended = 0;

 private:
  Bytes atr_{0x3B, 0x00};
};

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
  void login(PinRole, const SecureBytes& pin) override {
    ++logins;
    if (!equal(pin.view(), to_bytes("246810"))) throw WrongPin(3);
  }
  void logout() override {}
  const ObjectList& list() override { return objects_; }
  PublicKey read_public_key(const ObjectRef&) override { return objects_.keys[0].public_key; }
  Bytes read_certificate(const ObjectRef&) override { throw ObjectNotFound("none"); }
  Bytes read_data(const ObjectRef&) override { throw ObjectNotFound("none"); }
  Bytes sign(const Key&, SignScheme, Hash, BytesView) override { throw NotSupported(kUnusable); }
  Bytes random(std::size_t size) override { return Bytes(size, 0x11); }
  int logins = 0;

 private:
  std::string serial_;
  ObjectList objects_;
  Capabilities capabilities_;
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
  Token& open(const std::string& serial, const std::string& module = KILT_SOFTHSM) {
    delegate::Rule rule = SoftHsm::instance().rule();
    rule.module = module;
    rule.serve = delegate::Rule::Serve::kMissing;
    auto own = std::make_unique<HalfToken>(serial, public_key_);
    own_ = own.get();
    overlay_ = delegate::make_overlay(card_, std::move(own), rule, "reader");
    return *overlay_;
  }
  static FunctionState state(Token& token, Function function) {
    return token.capabilities().functions.at(function);
  }

  std::string label_;
  delegate::ForeignSlot slot_;
  PublicKey public_key_;
  apdu::Card card_{std::make_unique<WatchedConnection>()};
  HalfToken* own_ = nullptr;
  std::unique_ptr<Token> overlay_;
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
  const int begun = WatchedConnection::begun, ended = WatchedConnection::ended;
  EXPECT_EQ(64U, token.sign(key, SignScheme::kEcdsa, Hash::kNone, hash).size());
  // The card was the module's meanwhile.
  EXPECT_EQ(ended + 1, WatchedConnection::ended);
  EXPECT_EQ(begun + 1, WatchedConnection::begun);
  token.logout();
  EXPECT_THROW((void)token.sign(key, SignScheme::kEcdsa, Hash::kNone, hash), NotLoggedIn);
}

TEST_F(Overlay, AWrongPinNeverReachesTheModule) {
  Token& token = open(slot_.serial);
  EXPECT_THROW(token.login(PinRole::kUser, pin("000000")), WrongPin);
  EXPECT_EQ(1, own_->logins);
  // SoftHSM marks a token whose PIN was wrong.
  EXPECT_FALSE(SoftHsm::instance().open(slot_)->pin_status(PinRole::kUser).count_low);
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
