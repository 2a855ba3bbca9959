#include "drivers/delegate/overlay.h"

#include <algorithm>
#include <type_traits>

#include <fmt/format.h>

#include "drivers/delegate/source.h"
#include "drivers/errors.h"
#include "drivers/token_decorator.h"

namespace kilt::delegate {
namespace {

/// The card is the module's for as long as this lives.
class SuspendedOperation {
 public:
  explicit SuspendedOperation(OpenedToken& token) : token_(&token) { token_->end(); }
  SuspendedOperation(const SuspendedOperation&) = delete;
  SuspendedOperation& operator=(const SuspendedOperation&) = delete;
  ~SuspendedOperation() {
    if (token_ != nullptr) resume_quietly();
  }
  /// Throws what OpenedToken::begin throws.
  void resume() {
    OpenedToken* token = token_;
    token_ = nullptr;
    token->begin();
  }

 private:
  void resume_quietly() noexcept {
    try {
      token_->begin();
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): the next command shows it
    }
  }
  OpenedToken* token_;
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

class Overlay : public TokenDecorator {
 public:
  Overlay(OpenedToken& own, Rule rule, std::string reader)
      : TokenDecorator(own.token()),
        own_(&own),
        rule_(std::move(rule)),
        reader_(std::move(reader)) {}

  void reset_state() noexcept override {
    inner().reset_state();
    helper_logged_in_ = false;
    pending_.reset();
  }
  const Capabilities& capabilities() override {
    if (!capabilities_) {
      capabilities_ = inner().capabilities();
      try {
        with_helper([&](Token& helper) { add(helper.capabilities()); });
      } catch (const CardReset&) {
        capabilities_.reset();
        throw;
      } catch (const CardRemoved&) {
        throw;
      } catch (const Error&) {
        return *capabilities_;  // the module is not to be had: what Kilt's own driver can
      }
    }
    return *capabilities_;
  }

  void login(PinRole role, const PinInput& pin) override {
    helper_logged_in_ = false;
    pending_.reset();
    inner().login(role, pin);
    // A PIN typed at the reader cannot be passed on.
    if (refusal_.empty() && !pin.is_at_reader()) pending_.emplace(role, pin.typed().clone());
  }
  // The card's own state is closed whatever becomes of the module's, whose failure comes after.
  void logout() override {
    pending_.reset();
    std::exception_ptr failure;
    if (helper_ && helper_logged_in_) {
      helper_logged_in_ = false;
      try {
        with_helper([](Token& helper) { helper.logout(); });
      } catch (const CardReset&) {
        inner().reset_state();  // the module closed the card by a reset
      } catch (const Error&) {
        failure = std::current_exception();
      }
    }
    inner().logout();
    if (failure) std::rethrow_exception(failure);
  }

  const ObjectList& list() override { return with_usable_keys(inner().list()); }
  const ObjectList* remembered_list() override {
    const ObjectList* list = inner().remembered_list();
    return list == nullptr ? nullptr : &with_usable_keys(*list);
  }

  Bytes sign(const Key& key, SignScheme scheme, Hash hash, BytesView input) override {
    if (own_does(key) && inner().capabilities().has(scheme))
      return inner().sign(key, scheme, hash, input);
    return with_login(
        [&](Token& helper) { return helper.sign(counterpart(helper, key), scheme, hash, input); });
  }
  SecureBytes decrypt(const Key& key, DecryptScheme scheme, Hash hash,
                      BytesView cryptogram) override {
    if (own_does(key) && inner().capabilities().has(scheme))
      return inner().decrypt(key, scheme, hash, cryptogram);
    return with_login([&](Token& helper) {
      return helper.decrypt(counterpart(helper, key), scheme, hash, cryptogram);
    });
  }
  SecureBytes derive(const Key& key, BytesView point) override {
    if (own_does(key) && native(Function::kDerive)) return inner().derive(key, point);
    return with_login(
        [&](Token& helper) { return helper.derive(counterpart(helper, key), point); });
  }
  Bytes random(std::size_t size) override {
    if (native(Function::kRandom)) return inner().random(size);
    return with_helper([&](Token& helper) { return helper.random(size); });
  }

  ObjectRef generate_key(const KeySpec& spec) override {
    if (native(Function::kGenerateKey)) return inner().generate_key(spec);
    return made([&](Token& helper) {
      const ObjectRef ref = helper.generate_key(spec);
      return named_key(helper, ref);
    });
  }
  ObjectRef import_key(const KeySpec& spec, const PrivateKey& key) override {
    if (native(Function::kImportKey)) return inner().import_key(spec, key);
    return made([&](Token& helper) {
      const ObjectRef ref = helper.import_key(spec, key);
      return named_key(helper, ref);
    });
  }
  ObjectRef write_certificate(const Certificate& certificate, BytesView der) override {
    if (native(Function::kWriteCertificate)) return inner().write_certificate(certificate, der);
    with_login([&](Token& helper) { helper.write_certificate(certificate, der); });
    for (const Certificate& one : inner().list().certificates)
      if (one.id == certificate.id && inner().read_certificate(one.ref) == to_bytes(der))
        return one.ref;
    return {};
  }
  void change_pin(PinRole role, const PinInput& old_pin, const PinInput& new_pin) override {
    if (native(role == PinRole::kSo ? Function::kChangeSoPin : Function::kChangeUserPin))
      inner().change_pin(role, old_pin, new_pin);
    else
      with_helper([&](Token& helper) { helper.change_pin(role, old_pin, new_pin); });
    refusal_.clear();
    if (pending_ && pending_->role == role) {
      if (new_pin.is_at_reader())
        pending_.reset();
      else
        pending_->pin = new_pin.typed().clone();
    }
  }
  void init_user_pin(const SecureBytes& new_pin) override {
    if (native(Function::kUnblockPin)) return inner().init_user_pin(new_pin);
    with_login([&](Token& helper) { helper.init_user_pin(new_pin); });
  }
  void format(const FormatRequest& request) override {
    if (native(Function::kInitToken)) {
      inner().format(request);
    } else {
      with_helper([&](Token& helper) { helper.format(request); });
      inner().reset_state();
    }
    helper_logged_in_ = false;
    pending_.reset();
    refusal_.clear();  // the PINs are new
  }

 private:
  /// A login that Kilt's own driver accepted and the module has not had yet.
  struct PendingLogin {
    PinRole role;
    SecureBytes pin;
  };

  /// Work with the module's token, the card left to it meanwhile.
  template <typename Work>
  std::invoke_result_t<Work, Token&> with_helper(Work work) {
    const std::string serial = inner().info().serial;
    SuspendedOperation ours(*own_);
    try {
      if (!helper_) helper_ = open_token_of(rule_, reader_, serial);
      if constexpr (std::is_void_v<std::invoke_result_t<Work, Token&>>) {
        work(*helper_);
        ours.resume();
      } else {
        auto result = work(*helper_);
        ours.resume();
        return result;
      }
    } catch (const CardRemoved&) {
      helper_.reset();
      helper_logged_in_ = false;
      ours.resume();  // says so if our own card is gone too
      throw ServiceUnavailable("the module has lost the token: " + rule_.module);
    }
  }
  /// The same with a token that must be logged in.
  template <typename Work>
  std::invoke_result_t<Work, Token&> with_login(Work work) {
    return with_helper([&](Token& helper) {
      log_in_helper(helper);
      return work(helper);
    });
  }
  void log_in_helper(Token& helper) {
    if (helper_logged_in_) return;
    if (!refusal_.empty()) throw NotSupported(refusal_);
    if (!pending_) throw NotLoggedIn();
    PendingLogin login = std::move(*pending_);
    pending_.reset();  // one try, however it ends
    const auto refused = [&](const Error& error) {
      refusal_ = fmt::format(
          "the module {} refused the PIN that this token took ({}): it gets no other until the "
          "token is put in anew",
          rule_.module, error.what());
      if (rule_.log) rule_.log(refusal_);
      throw NotSupported(refusal_);
    };
    try {
      helper.login(login.role, PinInput(std::move(login.pin)));
    } catch (const WrongPin& error) {
      refused(error);
    } catch (const PinBlocked& error) {
      refused(error);
    }
    helper_logged_in_ = true;
  }

  template <typename Make>
  ObjectRef made(Make make) {
    const Key key = with_login(make);
    for (const Key& one : inner().list().keys)
      if (same_key(one.public_key, key.public_key)) return one.ref;
    return {};
  }
  static Key named_key(Token& helper, const ObjectRef& ref) {
    for (const Key& key : helper.list().keys)
      if (key.ref == ref) return key;
    throw ObjectNotFound("the module does not show the key it made");
  }

  /// A key that Kilt cannot use is usable if the module has it.
  const ObjectList& with_usable_keys(const ObjectList& own) {
    listed_ = own;
    for (Key& key : listed_.keys)
      if (!key.unusable_reason.empty() && has_helper()) key.unusable_reason.clear();
    return listed_;
  }
  bool has_helper() {
    capabilities();
    return helper_ != nullptr;
  }
  bool native(Function function) {
    const auto& functions = inner().capabilities().functions;
    const auto found = functions.find(function);
    return found != functions.end() && found->second.availability == Availability::kNative;
  }
  bool own_does(const Key& key) {
    const auto& keys = inner().list().keys;
    const auto found = std::ranges::find(keys, key.ref, &Key::ref);
    return found != keys.end() && found->unusable_reason.empty();
  }
  /// The module's object for a key that our driver listed.
  static Key counterpart(Token& helper, const Key& key) {
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

  OpenedToken* own_;
  Rule rule_;
  std::string reader_;
  std::unique_ptr<Token> helper_;
  std::optional<PendingLogin> pending_;
  bool helper_logged_in_ = false;
  std::string refusal_;  ///< of a PIN by the module; then it gets none any more
  std::optional<Capabilities> capabilities_;
  ObjectList listed_;
};

/// Our own card with the overlay as its driver.
class OverlaidToken : public OpenedToken {
 public:
  OverlaidToken(std::unique_ptr<OpenedToken> own, Rule rule, std::string reader)
      : own_(std::move(own)), overlay_(*own_, std::move(rule), std::move(reader)) {}
  [[nodiscard]] Token& token() noexcept override { return overlay_; }
  [[nodiscard]] const Profile* profile() const noexcept override { return own_->profile(); }
  [[nodiscard]] bool reader_has_pad() noexcept override { return own_->reader_has_pad(); }
  void begin() override { own_->begin(); }
  void end() noexcept override { own_->end(); }
  void abandon() noexcept override { own_->abandon(); }

 private:
  std::unique_ptr<OpenedToken> own_;
  Overlay overlay_;
};

}  // namespace

std::unique_ptr<OpenedToken> make_overlay(std::unique_ptr<OpenedToken> own, Rule rule,
                                          std::string reader) {
  return std::make_unique<OverlaidToken>(std::move(own), std::move(rule), std::move(reader));
}

}  // namespace kilt::delegate
