#include "drivers/delegate/overlay.h"

#include <algorithm>
#include <type_traits>

#include "drivers/delegate/source.h"
#include "drivers/errors.h"

namespace kilt::delegate {
namespace {

/// The card is the module's for as long as this lives.
class GivenUp {
 public:
  explicit GivenUp(apdu::Card& card) : connection_(&card.connection()) { connection_->end(); }
  GivenUp(const GivenUp&) = delete;
  GivenUp& operator=(const GivenUp&) = delete;
  ~GivenUp() {
    if (connection_ != nullptr) take_back_quietly();
  }
  /// Throws what Connection::begin throws.
  void take_back() {
    apdu::Connection* connection = connection_;
    connection_ = nullptr;
    connection->begin();
  }

 private:
  void take_back_quietly() noexcept {
    try {
      connection_->begin();
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): the next command tells
    }
  }
  apdu::Connection* connection_;
};

bool same_key(const PublicKey& a, const PublicKey& b) {
  if (const auto* rsa = std::get_if<RsaPublicKey>(&a)) {
    const auto* other = std::get_if<RsaPublicKey>(&b);
    return other != nullptr && rsa->modulus == other->modulus;
  }
  if (const auto* ec = std::get_if<EcPublicKey>(&a)) {
    const auto* other = std::get_if<EcPublicKey>(&b);
    return other != nullptr && ec->point == other->point;
  }
  return false;
}

class Overlay : public Token {
  /// Work with the module's token, the card left to it meanwhile.
  template <typename Work>
  std::invoke_result_t<Work, Token&> with_helper(Work work) {
    const std::string serial = own_->info().serial;
    GivenUp card(*card_);
    if (!helper_) helper_ = open_token_of(rule_, reader_, serial);
    if constexpr (std::is_void_v<std::invoke_result_t<Work, Token&>>) {
      work(*helper_);
      card.take_back();
    } else {
      auto result = work(*helper_);
      card.take_back();
      return result;
    }
  }

 public:
  Overlay(apdu::Card& card, std::unique_ptr<Token> own, Rule rule, std::string reader)
      : card_(&card), own_(std::move(own)), rule_(std::move(rule)), reader_(std::move(reader)) {}

  void reset_state() noexcept override {
    own_->reset_state();
    helper_logged_in_ = false;
  }
  Bytes identity() override { return own_->identity(); }
  TokenInfo info() override { return own_->info(); }
  PinStatus pin_status(PinRole role) override { return own_->pin_status(role); }

  const Capabilities& capabilities() override {
    if (!capabilities_) {
      capabilities_ = own_->capabilities();
      try {
        with_helper([&](Token& helper) { add(helper.capabilities()); });
      } catch (const Error&) {
        return *capabilities_;  // the module is not to be had: what Kilt's own driver can
      }
    }
    return *capabilities_;
  }

  void login(PinRole role, const SecureBytes& pin) override {
    own_->login(role, pin);
    helper_logged_in_ = false;
    try {
      with_helper([&](Token& helper) { helper.login(role, pin); });
      helper_logged_in_ = true;
    } catch (const Error&) {
      return;  // the login stands; what needs the module will say that it is not logged in
    }
  }
  void login_at_pad(PinRole role) override { own_->login_at_pad(role); }
  void change_pin_at_pad(PinRole role) override { own_->change_pin_at_pad(role); }
  void logout() override {
    if (helper_ && helper_logged_in_) {
      helper_logged_in_ = false;
      try {
        with_helper([](Token& helper) { helper.logout(); });
      } catch (const CardReset&) {
        own_->reset_state();  // the module closed the card by a reset
      }
    }
    own_->logout();
  }

  const ObjectList& list() override {
    listed_ = own_->list();
    // A key that Kilt cannot use is usable if the module has it.
    for (Key& key : listed_.keys)
      if (!key.unusable_reason.empty() && has_helper()) key.unusable_reason.clear();
    return listed_;
  }
  PublicKey read_public_key(const ObjectRef& key) override { return own_->read_public_key(key); }
  Bytes read_certificate(const ObjectRef& ref) override { return own_->read_certificate(ref); }
  Bytes read_data(const ObjectRef& ref) override { return own_->read_data(ref); }

  Bytes sign(const Key& key, SignScheme scheme, Hash hash, BytesView input) override {
    if (own_does(key) && own_->capabilities().has(scheme))
      return own_->sign(key, scheme, hash, input);
    return with_helper(
        [&](Token& helper) { return helper.sign(counterpart(helper, key), scheme, hash, input); });
  }
  SecureBytes decrypt(const Key& key, DecryptScheme scheme, Hash hash,
                      BytesView cryptogram) override {
    if (own_does(key) && own_->capabilities().has(scheme))
      return own_->decrypt(key, scheme, hash, cryptogram);
    return with_helper([&](Token& helper) {
      return helper.decrypt(counterpart(helper, key), scheme, hash, cryptogram);
    });
  }
  SecureBytes derive(const Key& key, BytesView point) override {
    if (own_does(key) && native(Function::kDerive)) return own_->derive(key, point);
    return with_helper(
        [&](Token& helper) { return helper.derive(counterpart(helper, key), point); });
  }
  Bytes random(std::size_t size) override {
    if (native(Function::kRandom)) return own_->random(size);
    return with_helper([&](Token& helper) { return helper.random(size); });
  }

  ObjectRef generate_key(const KeySpec& spec) override {
    if (native(Function::kGenerateKey)) return own_->generate_key(spec);
    return made([&](Token& helper) {
      const ObjectRef ref = helper.generate_key(spec);
      return named_key(helper, ref);
    });
  }
  ObjectRef import_key(const KeySpec& spec, const PrivateKey& key) override {
    if (native(Function::kImportKey)) return own_->import_key(spec, key);
    return made([&](Token& helper) {
      const ObjectRef ref = helper.import_key(spec, key);
      return named_key(helper, ref);
    });
  }
  ObjectRef write_certificate(const Certificate& certificate, BytesView der) override {
    if (native(Function::kWriteCertificate)) return own_->write_certificate(certificate, der);
    with_helper([&](Token& helper) { helper.write_certificate(certificate, der); });
    for (const Certificate& one : own_->list().certificates)
      if (one.id == certificate.id && own_->read_certificate(one.ref) == to_bytes(der))
        return one.ref;
    return {};
  }
  void change_pin(PinRole role, const SecureBytes& old_pin, const SecureBytes& new_pin) override {
    if (native(role == PinRole::kSo ? Function::kChangeSoPin : Function::kChangeUserPin))
      return own_->change_pin(role, old_pin, new_pin);
    with_helper([&](Token& helper) { helper.change_pin(role, old_pin, new_pin); });
  }
  void init_user_pin(const SecureBytes& new_pin) override {
    if (native(Function::kUnblockPin)) return own_->init_user_pin(new_pin);
    with_helper([&](Token& helper) { helper.init_user_pin(new_pin); });
  }
  void format(const FormatRequest& request) override {
    if (native(Function::kInitToken)) return own_->format(request);
    with_helper([&](Token& helper) { helper.format(request); });
    own_->reset_state();
  }

  // Only Kilt's own driver knows the refs it listed.
  ObjectRef write_data(const DataObject& object, BytesView value) override {
    return own_->write_data(object, value);
  }
  void change_key(const ObjectRef& ref, const ObjectChange& change) override {
    own_->change_key(ref, change);
  }
  void change_certificate(const ObjectRef& ref, const ObjectChange& change) override {
    own_->change_certificate(ref, change);
  }
  void change_data(const ObjectRef& ref, const ObjectChange& change) override {
    own_->change_data(ref, change);
  }
  void delete_key(const ObjectRef& ref) override { own_->delete_key(ref); }
  void delete_certificate(const ObjectRef& ref) override { own_->delete_certificate(ref); }
  void delete_data(const ObjectRef& ref) override { own_->delete_data(ref); }

 private:
  template <typename Make>
  ObjectRef made(Make make) {
    const Key key = with_helper(make);
    for (const Key& one : own_->list().keys)
      if (same_key(one.public_key, key.public_key)) return one.ref;
    return {};
  }
  static Key named_key(Token& helper, const ObjectRef& ref) {
    for (const Key& key : helper.list().keys)
      if (key.ref == ref) return key;
    throw ObjectNotFound("the module does not show the key it made");
  }

  bool has_helper() {
    capabilities();
    return helper_ != nullptr;
  }
  bool native(Function function) {
    const auto& functions = own_->capabilities().functions;
    const auto found = functions.find(function);
    return found != functions.end() && found->second.availability == Availability::kNative;
  }
  bool own_does(const Key& key) {
    const auto& keys = own_->list().keys;
    const auto found = std::ranges::find(keys, key.ref, &Key::ref);
    return found != keys.end() && found->unusable_reason.empty();
  }
  /// The module's object for a key that our driver listed.
  Key counterpart(Token& helper, const Key& key) {
    if (!helper_logged_in_) throw NotLoggedIn();
    const auto& keys = helper.list().keys;
    for (const Key& other : keys)
      if (other.has_private && same_key(key.public_key, other.public_key)) return other;
    for (const Key& other : keys)
      if (other.has_private && !key.id.empty() && other.id == key.id && other.type == key.type &&
          std::holds_alternative<std::monostate>(key.public_key))
        return other;
    throw ObjectNotFound("the module does not show this key");
  }
  void add(const Capabilities& more) {
    for (const auto& [function, state] : more.functions) {
      auto& mine = capabilities_->functions[function];
      if (mine.availability == Availability::kUnavailable &&
          state.availability != Availability::kUnavailable)
        mine = {Availability::kDelegated, {}};
    }
    for (const SignScheme scheme : more.sign)
      if (!capabilities_->has(scheme)) capabilities_->sign.push_back(scheme);
    for (const DecryptScheme scheme : more.decrypt)
      if (!capabilities_->has(scheme)) capabilities_->decrypt.push_back(scheme);
    for (const KeyRange& range : more.keys) {
      const auto mine = std::ranges::find(capabilities_->keys, range.type, &KeyRange::type);
      if (mine == capabilities_->keys.end()) {
        capabilities_->keys.push_back(range);
        continue;
      }
      mine->generate = mine->generate || range.generate;
      mine->import = mine->import || range.import;
    }
  }

  apdu::Card* card_;
  std::unique_ptr<Token> own_;
  Rule rule_;
  std::string reader_;
  std::unique_ptr<Token> helper_;
  bool helper_logged_in_ = false;
  std::optional<Capabilities> capabilities_;
  ObjectList listed_;
};

}  // namespace

std::unique_ptr<Token> make_overlay(apdu::Card& card, std::unique_ptr<Token> own, Rule rule,
                                    std::string reader) {
  return std::make_unique<Overlay>(card, std::move(own), std::move(rule), std::move(reader));
}

}  // namespace kilt::delegate
