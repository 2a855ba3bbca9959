#include "drivers/kaztoken/kaztoken.h"

#include <algorithm>
#include <functional>

#include "drivers/challenge.h"
#include "drivers/fingerprint.h"
#include "drivers/kaztoken/files.h"
#include "drivers/kaztoken/format.h"
#include "drivers/kaztoken/key_writer.h"
#include "drivers/kaztoken/keys.h"
#include "drivers/kaztoken/layout.h"
#include "drivers/kaztoken/pins.h"
#include "drivers/kaztoken/vendor_objects.h"
#include "drivers/logout.h"
#include "drivers/pkcs15/cached_objects.h"
#include "drivers/pkcs15/objects.h"
#include "drivers/serial_number.h"
#include "drivers/status.h"
#include "drivers/writable_token.h"

namespace kilt::kaztoken {
namespace {

using pkcs15::Writer;

constexpr std::uint16_t kSerialTag = 0x0181;
constexpr Byte kSignTemplate = 0xB6;
constexpr Byte kDecipherTemplate = 0xB8;
const char* const kVendorReadOnly =
    "the token was formatted by other software, whose layout is not public: Kilt reads it but does "
    "not write to it";
const char* const kNotFormatted = "the token is not formatted: kilt init does it";

class Kaztoken : public WritableToken<Kaztoken> {
 public:
  Kaztoken(apdu::Card& card, const Profile& profile)
      : card_(&card),
        manufacturer_(profile.manufacturer),
        model_(profile.model),
        files_(card),
        pins_(card),
        objects_(files_, layout().base, layout().file(layout().journal)) {
    objects_.set_usual_directories(layout().odf_entries());
    describe_capabilities();
  }

  /// A card with this ATR that has no serial number, nor describes its master file, is another one.
  bool present() {
    if (!identity_if_told(*this).empty()) return true;
    try {
      files_.select(FilePath{});
      return true;
    } catch (const Error& error) {
      if (!concerns_one_object(error)) throw;
      return false;
    }
  }

  void reset_state() noexcept override {
    pins_.forget();
    serial_.clear();
    cached_.forget();
  }

  /// One change of the token's objects; what was listed before does not hold after it.
  ObjectRef write(const std::function<ObjectRef(Writer&)>& work) {
    list();
    if (layout_ != Layout::kPkcs15) throw WriteProtected(why_read_only());
    cached_.forget();
    KeyWriter keys(*card_, files_);
    Writer writer(files_, keys, objects_, file_allocation());
    return work(writer);
  }

  Bytes identity() override { return serial(); }

  TokenInfo info() override {
    if (!info_) info_ = read_info();
    return *info_;
  }

  const Capabilities& capabilities() override {
    if (described_ != layout_) describe_layout();
    return capabilities_;
  }
  PinStatus pin_status(PinRole role) override {
    PinStatus status = pins_.status(role);
    if (!info_) info_ = read_info();
    if (role == PinRole::kUser && !user_pin_set_) status.initialized = false;
    return status;
  }

  void forget_pin_status() noexcept override { pins_.forget_status(); }
  void login(PinRole role, const PinInput& pin) override { pins_.verify(role, pin); }
  void logout() override {
    if (!log_out_by(*card_, [&] { pins_.logout(); })) reset_state();
  }

  const ObjectList& list() override {
    const bool has_application = cached_.refresh();
    if (!has_application) read_vendor();
    note_layout(has_application);
    return listing();
  }
  const ObjectList* remembered_list() override {
    if (!cached_.remembers()) return nullptr;
    note_layout(true);
    return &listing();
  }
  PublicKey read_public_key(const ObjectRef& key) override {
    return vendor_ ? PublicKey{} : cached_.read_public_key(key);
  }
  Bytes read_certificate(const ObjectRef& ref) override { return cached_.read_certificate(ref); }
  Bytes read_data(const ObjectRef& ref) override { return cached_.read_data(ref); }

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

  void change_pin(PinRole role, const PinInput& old_pin, const PinInput& new_pin) override {
    pins_.change(role, old_pin, new_pin);
  }
  void init_user_pin(const SecureBytes& new_pin) override {
    pins_.set_user_pin(new_pin);
    user_pin_set(files_);
    info_.reset();
    cached_.forget();
  }
  void format(const FormatRequest& request) override {
    const TokenNames names{manufacturer_, model_, serial()};
    info_.reset();
    layout_.reset();
    cached_.forget();
    kaztoken::format(*card_, files_, pins_, names, request);
  }

  Bytes random(std::size_t size) override { return random_bytes(*card_, size); }

 private:
  enum class Layout { kNone, kPkcs15, kVendor };

  void note_layout(bool has_application) {
    if (has_application) {
      layout_ = Layout::kPkcs15;
      vendor_.reset();
    } else {  // a blank one has no PIN objects
      layout_ = pins_.status(PinRole::kSo).initialized ? Layout::kVendor : Layout::kNone;
    }
  }
  [[nodiscard]] std::string why_read_only() const {
    if (!layout_ || layout_ == Layout::kPkcs15) return {};
    return layout_ == Layout::kVendor ? kVendorReadOnly : kNotFormatted;
  }

  void read_vendor() {
    ObjectList fresh = read_vendor_objects(files_);
    const bool same = vendor_ && fingerprint_of(*vendor_) == fingerprint_of(fresh);
    fresh.generation = same ? vendor_->generation : objects_.list().generation;
    fresh.changes = fresh.generation;
    vendor_ = std::move(fresh);
  }
  [[nodiscard]] const ObjectList& listing() const noexcept {
    return vendor_ ? *vendor_ : objects_.list();
  }
  void choose(const Key& key, Byte template_tag) {
    if (vendor_) {
      if (key.ref.empty() ||
          std::ranges::find(vendor_->keys, key.ref, &Key::ref) == vendor_->keys.end())
        throw ObjectNotFound("the key is no longer on the token");
      const Byte number = key.ref[0];
      return choose_key(*card_, files_, private_key_path(number), number, template_tag);
    }
    const pkcs15::KeyEntry* entry = objects_.private_entry(key.ref);
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
    info.serial = to_hex(identity_if_told(*this));
    info.has_random = true;
    info.pin_pad = card_->connection().has_pad(apdu::PadAction::kVerify);
    info.initialized = pins_.status(PinRole::kSo).initialized;  // a blank one has no PIN objects
    info.label = model_;
    const auto token = objects_.read_token_info();
    cached_.note_token_info(token);
    note_layout(token.has_value());
    if (token) {
      if (!token->label.empty()) info.label = token->label;
      user_pin_set_ = token->issuer != kNoUserPin;
    }
    return info;
  }

  void describe_capabilities() {
    capabilities_.sign = {SignScheme::kRsaRaw, SignScheme::kGost3410};
    capabilities_.decrypt = {DecryptScheme::kRsaRaw};
    for (const Function function :
         {Function::kSign, Function::kDecrypt, Function::kRandom, Function::kInitToken})
      capabilities_.functions[function] = {Availability::kNative, {}};
    capabilities_.functions[Function::kDerive] = {
        Availability::kUnavailable, "the token agrees on GOST keys only, in an unpublished way"};
    describe_layout();
  }
  /// What depends on who formatted the token, as far as it was read: it costs no command
  /// here.
  void describe_layout() {
    described_ = layout_;
    const auto set = [&](std::initializer_list<Function> functions, const std::string& reason) {
      for (const Function function : functions)
        capabilities_.functions[function] = reason.empty()
                                                ? FunctionState{Availability::kNative, {}}
                                                : FunctionState{Availability::kUnavailable, reason};
    };
    set({Function::kGenerateKey, Function::kImportKey, Function::kWriteCertificate,
         Function::kWriteData, Function::kDeleteObject, Function::kChangeAttributes},
        why_read_only());
    set({Function::kChangeUserPin, Function::kChangeSoPin, Function::kUnblockPin},
        layout_ == Layout::kNone ? kNotFormatted : "");
    const bool writes = why_read_only().empty();
    capabilities_.keeps_subjects = writes;
    capabilities_.keys = {{KeyType::kRsa, 512, 4096, writes, writes, {}},
                          {KeyType::kGost256, 256, 256, writes, false, {}}};
  }

  apdu::Card* card_;
  std::string manufacturer_, model_;
  Files files_;
  Pins pins_;
  pkcs15::Objects objects_;
  pkcs15::CachedObjects cached_{objects_, "kaztoken", [this] { return serial(); }};
  std::optional<Layout> layout_, described_;  ///< not known before something was read
  std::optional<ObjectList> vendor_;          ///< the list of a token that has not kPkcs15
  bool user_pin_set_ = true;
  Bytes serial_;
  std::optional<TokenInfo> info_;
  Capabilities capabilities_;
};

}  // namespace

std::unique_ptr<Token> open(apdu::Card& card, const Profile& profile) {
  auto token = std::make_unique<Kaztoken>(card, profile);
  if (!token->present()) return nullptr;
  return token;
}

}  // namespace kilt::kaztoken
