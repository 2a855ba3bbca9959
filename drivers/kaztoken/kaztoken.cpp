#include "drivers/kaztoken/kaztoken.h"

#include <algorithm>
#include <functional>

#include "drivers/kaztoken/file_system.h"
#include "drivers/kaztoken/format.h"
#include "drivers/kaztoken/key_objects.h"
#include "drivers/kaztoken/layout.h"
#include "drivers/kaztoken/pins.h"
#include "drivers/kaztoken/rsf.h"
#include "drivers/kaztoken/vendor_layout.h"
#include "drivers/pkcs15/application.h"
#include "drivers/pkcs15/last_update.h"
#include "drivers/status.h"
#include "drivers/stored_token.h"

namespace kilt::kaztoken {
namespace {

using pkcs15::Store;

constexpr std::uint16_t kSerialTag = 0x0181;
constexpr Byte kSignTemplate = 0xB6;
constexpr Byte kDecipherTemplate = 0xB8;
constexpr std::size_t kRandomBlock = 256;
constexpr std::size_t kMaxRandom = 65536;

class Kaztoken : public StoredToken<Kaztoken> {
 public:
  Kaztoken(apdu::Card& card, const Profile& profile)
      : card_(&card),
        manufacturer_(profile.manufacturer),
        model_(profile.model),
        files_(card),
        pins_(card),
        application_(files_, layout().base, layout().file(layout().journal)) {
    describe_capabilities();
  }

  void reset_state() noexcept override {
    pins_.forget();
    listed_ = false;
  }

  /// One change of the token's objects; what was listed before does not hold after it.
  ObjectRef write(const std::function<ObjectRef(Store&)>& work) {
    if (!listed_) list();
    listed_ = false;
    KeyObjects keys(*card_, files_);
    Store store(files_, keys, application_, places());
    return work(store);
  }

  Bytes identity() override { return serial(); }

  TokenInfo info() override {
    if (!info_) info_ = read_info();
    return *info_;
  }

  const Capabilities& capabilities() override { return capabilities_; }
  PinStatus pin_status(PinRole role) override {
    PinStatus status = pins_.status(role);
    if (!info_) info_ = read_info();
    if (role == PinRole::kUser && !user_pin_set_) status.initialized = false;
    return status;
  }

  void login(PinRole role, const SecureBytes& pin) override { pins_.verify(role, pin); }
  void login_at_pad(PinRole role) override { pins_.verify_at_pad(role); }
  void logout() override { pins_.logout(); }

  const ObjectList& list() override {
    // lastUpdate is the mark that OpenSC and Kilt set at every write; without one, read again.
    const std::string mark = listed_ ? last_update() : std::string();
    if (!listed_ || mark.empty() || mark != listed_mark_) {
      listed_mark_ = listed_ ? mark : last_update();
      const bool pkcs15 = application_.load(cache::load(subject()).value_or(cache::Files{}));
      vendor_.reset();
      if (!pkcs15) {
        vendor_ = read_vendor_layout(files_);
        vendor_->generation = application_.objects().generation;
      }
      listed_ = true;
      keep_news();
    }
    return vendor_ ? *vendor_ : application_.objects();
  }
  PublicKey read_public_key(const ObjectRef& key) override {
    if (vendor_) return {};
    PublicKey value = application_.read_public_key(key);
    keep_news();
    return value;
  }
  Bytes read_certificate(const ObjectRef& ref) override {
    Bytes der = application_.read_certificate(ref);
    keep_news();
    return der;
  }
  Bytes read_data(const ObjectRef& ref) override {
    Bytes value = application_.read_data(ref);
    keep_news();
    return value;
  }

  Bytes sign(const Key& key, SignScheme scheme, Hash, BytesView input) override {
    if (scheme != SignScheme::kRsaRaw && scheme != SignScheme::kGost3410)
      throw NotSupported("the token signs whole RSA blocks and GOST hashes only");
    choose(key, kSignTemplate);
    return scheme == SignScheme::kRsaRaw ? sign_rsa(*card_, input) : sign_gost(*card_, input);
  }

  SecureBytes decrypt(const Key& key, DecryptScheme scheme, Hash, BytesView cryptogram) override {
    if (scheme != DecryptScheme::kRsaRaw)
      throw NotSupported("the token deciphers whole RSA blocks only");
    choose(key, kDecipherTemplate);
    return decipher_rsa(*card_, cryptogram);
  }

  void change_pin(PinRole role, const SecureBytes& old_pin, const SecureBytes& new_pin) override {
    pins_.change(role, old_pin, new_pin);
  }
  void change_pin_at_pad(PinRole) override {
    throw NotSupported(
        "the token wants the new PIN's length in places that a reader does not fill in: change the "
        "PIN on the computer");
  }
  void init_user_pin(const SecureBytes& new_pin) override {
    pins_.set_user_pin(new_pin);
    user_pin_set(files_);
    info_.reset();
  }
  void format(const FormatRequest& request) override {
    const TokenNames names{manufacturer_, model_, serial()};
    info_.reset();
    listed_ = false;
    kaztoken::format(*card_, files_, pins_, names, request);
  }

  Bytes random(std::size_t size) override {
    if (size > kMaxRandom) throw InvalidData("too many random bytes at once");
    Bytes bytes;
    while (bytes.size() < size) {
      const auto wanted = std::min(kRandomBlock, size - bytes.size());
      const auto answer =
          card_->send(apdu::get_challenge(apdu::Le{static_cast<std::uint32_t>(wanted)}));
      expect_ok("GET CHALLENGE", answer);
      if (answer.data.empty() || answer.data.size() > wanted)
        throw MalformedAnswer("GET CHALLENGE brought no or too many bytes");
      append(bytes, answer.data);
    }
    return bytes;
  }

 private:
  /// lastUpdate alone proves that the cache still holds: whoever writes the PKCS#15 files, Kilt or
  /// OpenSC, sets it with every change.
  cache::Subject subject() { return {"kaztoken", serial(), listed_mark_}; }
  void keep_news() {
    if (const cache::Files* files = application_.news()) cache::store(subject(), *files);
  }

  /// The mark of the last change; empty if the token has none, or one that the next change could
  /// repeat.
  std::string last_update() {
    const auto token = application_.read_token_info();
    return token && pkcs15::settled(token->last_update) ? token->last_update : std::string();
  }

  void choose(const Key& key, Byte template_tag) {
    if (vendor_ && key.ref.size() == 1)
      return choose_key(*card_, files_, private_key_path(key.ref[0]), key.ref[0], template_tag);
    const pkcs15::KeyEntry* entry = application_.private_entry(key.ref);
    if (entry == nullptr) throw ObjectNotFound("the key is no longer on the token");
    choose_key(*card_, files_, to_path(entry->path.file), entry->reference, template_tag);
  }

  const Bytes& serial() {
    if (serial_.empty()) {
      const auto answer = card_->send(apdu::get_data(kSerialTag, apdu::kLeShortMax));
      expect_ok("GET DATA serial", answer);
      if (answer.data.empty() || answer.data.size() > 8)
        throw MalformedAnswer("the serial number is not 8 bytes long");
      serial_ = answer.data;
    }
    return serial_;
  }

  TokenInfo read_info() {
    TokenInfo info;
    info.family = "kaztoken";
    info.manufacturer = manufacturer_;
    info.model = model_;
    info.serial = to_hex(serial());
    info.has_random = true;
    info.pin_pad = card_->connection().has_pad(apdu::PadAction::kVerify);
    info.initialized = pins_.status(PinRole::kSo).initialized;  // a blank one has no PIN objects
    info.label = model_;
    if (const auto token = application_.read_token_info()) {
      if (!token->label.empty()) info.label = token->label;
      user_pin_set_ = token->issuer != kNoUserPin;
    }
    return info;
  }

  void describe_capabilities() {
    capabilities_.sign = {SignScheme::kRsaRaw, SignScheme::kGost3410};
    capabilities_.decrypt = {DecryptScheme::kRsaRaw};
    for (const Function function :
         {Function::kSign, Function::kDecrypt, Function::kRandom, Function::kGenerateKey,
          Function::kImportKey, Function::kWriteCertificate, Function::kWriteData,
          Function::kDeleteObject, Function::kChangeAttributes, Function::kChangeUserPin,
          Function::kChangeSoPin, Function::kUnblockPin, Function::kInitToken})
      capabilities_.functions[function] = {Availability::kNative, {}};
    capabilities_.functions[Function::kDerive] = {
        Availability::kUnavailable, "the token agrees on GOST keys only, in an unpublished way"};
    capabilities_.keys = {{KeyType::kRsa, 512, 4096, true, true, {}},
                          {KeyType::kGost256, 256, 256, true, false, {}}};
  }

  apdu::Card* card_;
  std::string manufacturer_, model_;
  FileSystem files_;
  Pins pins_;
  pkcs15::Application application_;
  std::optional<ObjectList> vendor_;  ///< instead, where the vendor's software formatted the token
  bool listed_ = false;
  std::string listed_mark_;
  bool user_pin_set_ = true;
  Bytes serial_;
  std::optional<TokenInfo> info_;
  Capabilities capabilities_;
};

}  // namespace

std::unique_ptr<Token> open(apdu::Card& card, const Profile& profile) {
  return std::make_unique<Kaztoken>(card, profile);
}

}  // namespace kilt::kaztoken
