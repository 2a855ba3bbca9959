#include "drivers/iso7816/iso7816.h"

#include <algorithm>

#include <fmt/format.h>

#include "apdu/atr.h"
#include "drivers/crypto/hash.h"
#include "drivers/iso7816/discover.h"
#include "drivers/iso7816/objects.h"
#include "drivers/iso7816/pins.h"
#include "drivers/iso7816/sim_card.h"
#include "drivers/serial_number.h"
#include "drivers/status.h"

namespace kilt::iso7816 {
namespace {

constexpr unsigned kMinBits = 512, kMaxBits = 4096;
constexpr const char* kStandardProfile = "pkcs15";

/// The ATR's historical bytes, if they are text.
std::string model_from_atr(BytesView bytes) {
  const auto atr = apdu::Atr::parse(bytes);
  if (!atr) return {};
  const bool text =
      std::ranges::all_of(atr->historical, [](Byte b) { return b > 0x20 && b < 0x7F; });
  return text ? to_text(atr->historical) : std::string();
}

/// Card capabilities in compact TLV historical bytes, third byte, bit 7: extended length
/// (ISO/IEC 7816-4:2013, 12.1.1).
bool atr_says_extended(BytesView bytes) {
  const auto atr = apdu::Atr::parse(bytes);
  if (!atr || atr->historical.empty() || (atr->historical[0] != 0x80 && atr->historical[0] != 0x00))
    return false;
  const BytesView objects = atr->historical.subspan(1);
  for (std::size_t i = 0; i < objects.size(); i += 1U + (objects[i] & 0x0FU))
    if (objects[i] == 0x73 && i + 3 < objects.size()) return (objects[i + 3] & 0x40) != 0;
  return false;
}

class Iso7816 : public Token {
 public:
  Iso7816(apdu::Card& card, const Profile& profile, const std::optional<Discovered>& found)
      : card_(&card),
        profile_(profile),
        files_(card),
        key_files_(card),
        pins_(card, own_application() ? key_files_ : files_, profile),
        slots_(card, own_application() ? key_files_ : files_, profile),
        use_(card, own_application() ? key_files_ : files_, profile, found.has_value()) {
    if (profile.commands.extended || atr_says_extended(card.atr())) card.options().extended = true;
    if (found) {
      files_.set_application(found->application);
      application_ = std::make_unique<pkcs15::Objects>(files_, found->base);
      application_->set_paths(found->odf, found->token_info);
      dir_label_ = found->label;
    }
    if (own_application()) key_files_.set_application({profile.commands.select, {}, {}, {}});
    objects_ = std::make_unique<Objects>(files_, slots_, application_.get(), profile_);
    if (application_) {
      application_->load();
      objects_->application_loaded();
      const auto pins = application_->read_pins();
      if (pins.empty() && is_sim_card(application_->list()))
        throw TokenNotRecognized("this is a SIM card: it has rules for the phone, and no keys");
      pins_.set_directory(pins);
    }
    describe_capabilities();
    if (profile.experimental && profile.host->log)
      profile.host->log(fmt::format("the profile '{}' is experimental: {}", profile.name,
                                    profile.notes.empty() ? "untried" : profile.notes));
  }

  void set_application_id(const Bytes& aid) {
    aid_ = aid;
    if (!application_) files_.set_application({{}, aid, {}, {}});
  }

  void reset_state() noexcept override {
    files_.forget();
    key_files_.forget();
    pins_.forget();
    objects_->forget();
  }

  [[nodiscard]] std::string profile_name() const override { return profile_.name; }

  // A serial number, else what does not change: the first key. A key we made ourselves in between
  // does not make it another card.
  Bytes identity() override {
    std::vector<Bytes> marks = card_marks();
    if (identity_.empty()) identity_ = marks.front();
    const bool known = std::ranges::any_of(
        marks, [&](const Bytes& mark) { return std::ranges::find(marks_, mark) != marks_.end(); });
    if (!marks_.empty() && !known) identity_ = marks.front();
    marks_ = std::move(marks);
    return identity_;
  }

  TokenInfo info() override {
    if (!info_) info_ = read_info();
    return *info_;
  }

  const Capabilities& capabilities() override { return capabilities_; }
  PinStatus pin_status(PinRole role) override { return pins_.status(role); }

  void forget_pin_status() noexcept override { pins_.forget_status(); }

  void login(PinRole role, const PinInput& pin) override {
    if (!profile_.unsupported.empty()) throw NotSupported(profile_.unsupported);
    pins_.verify(role, pin);
    objects_->logged_in();
  }
  void logout() override {
    pins_.logout();
    files_.forget();
    key_files_.forget();
  }

  const ObjectList& list() override { return objects_->list(pins_.user_auth_id()); }
  PublicKey read_public_key(const ObjectRef& key) override { return objects_->public_key(key); }
  Bytes read_certificate(const ObjectRef& ref) override { return objects_->certificate(ref); }
  Bytes read_data(const ObjectRef& ref) override {
    if (!application_) throw ObjectNotFound("there are no data objects on this card");
    return application_->read_data(ref);
  }

  Bytes sign(const Key& key, SignScheme scheme, Hash, BytesView input) override {
    capabilities_.require(Function::kSign);
    if (scheme != use_.sign_scheme()) throw NotSupported("the card does not sign in this form");
    return use_.sign(objects_->card_key(key.ref), half_of(key), input);
  }
  SecureBytes decrypt(const Key& key, DecryptScheme scheme, Hash, BytesView cryptogram) override {
    capabilities_.require(Function::kDecrypt);
    if (scheme != use_.decrypt_scheme())
      throw NotSupported("the card does not decrypt in this form");
    return use_.decrypt(objects_->card_key(key.ref), half_of(key), cryptogram);
  }

  ObjectRef generate_key(const KeySpec& spec) override {
    capabilities_.require(Function::kGenerateKey);
    if (spec.always_authenticate)
      throw NotSupported("the card's keys ask for the PIN as their maker has set it");
    list();
    const KeySlot* instead_of = nullptr;
    if (!spec.replace.empty()) {
      instead_of = objects_->slot_of_id(spec.replace);
      if (instead_of == nullptr)
        throw ObjectNotFound("no key that the card could replace has this id");
    }
    const KeySlot& slot = slots_.generate(spec, instead_of);
    objects_->forget();
    list();
    if (profile_.host->log && (!spec.label.empty() || !spec.id.empty()))
      profile_.host->log(
          "this card keeps neither label nor id of a key; its id is the public key's");
    return objects_->ref_in(slot);
  }

  ObjectRef write_certificate(const Certificate& certificate, BytesView der) override {
    capabilities_.require(Function::kWriteCertificate);
    if (certificate.is_private)
      throw Inconsistent("certificates of this card are kept in a file of the computer: public");
    list();
    return objects_->keep_certificate(der);
  }
  void delete_certificate(const ObjectRef& ref) override { objects_->drop_certificate(ref); }

  void change_pin(PinRole role, const PinInput& old_pin, const PinInput& new_pin) override {
    if (!profile_.unsupported.empty()) throw NotSupported(profile_.unsupported);
    pins_.change(role, old_pin, new_pin);
  }
  void init_user_pin(const SecureBytes& new_pin) override { pins_.set_user_pin(new_pin); }

 private:
  /// The public half, from the card once where the list does not tell it.
  PublicKey half_of(const Key& key) {
    if (!std::holds_alternative<std::monostate>(key.public_key)) return key.public_key;
    return objects_->public_key(key.ref);
  }
  /// The profile says how to get to the keys; it need not be where the directory is.
  [[nodiscard]] bool own_application() const noexcept { return !profile_.commands.select.empty(); }

  /// What distinguishes this card from others, the best first; never empty.
  std::vector<Bytes> card_marks() {
    std::vector<Bytes> marks;
    if (application_)
      if (const auto token = application_->read_token_info(); token && !token->serial.empty())
        marks.push_back(token->serial);
    try {
      if (slots_.readable() && marks.empty())
        for (const auto& [slot, key] : slots_.read_all())
          marks.push_back(crypto::sha1(key.modulus));
    } catch (const Error& error) {
      if (!concerns_one_object(error)) throw;
      marks.clear();
    }
    if (marks.empty() && application_)
      for (const Key& key : application_->list().keys)
        if (!key.id.empty()) marks.push_back(crypto::sha1(key.id));
    if (marks.empty()) marks.push_back(crypto::sha1(card_->atr()));
    return marks;
  }

  TokenInfo read_info() {
    TokenInfo info;
    info.family = "iso7816";
    info.manufacturer = profile_.manufacturer;
    info.model = profile_.model.empty() ? model_from_atr(card_->atr()) : profile_.model;
    info.label = profile_.label;
    info.login_required = pins_.known(PinRole::kUser) && profile_.unsupported.empty();
    info.pin_pad = info.login_required && pins_.takes_pad();
    if (identity_.empty()) identity();
    info.serial = serial_number(identity_);
    const auto token = application_ ? application_->read_token_info() : std::nullopt;
    if (token) {
      if (!token->label.empty()) info.label = token->label;
      if (info.manufacturer.empty()) info.manufacturer = token->manufacturer;
    }
    if (info.model.empty()) info.model = "PKCS#15";
    // Where no name is stored the token still needs one to be chosen by.
    if (info.label.empty()) info.label = dir_label_.empty() ? info.model : dir_label_;
    // Which of the PINs is meant must be seen where it is asked for.
    if (!pins_.user_label().empty()) info.label += fmt::format(" ({})", pins_.user_label());
    return info;
  }

  void describe_capabilities() {
    const auto state = [&](Function function, std::string why_not) {
      if (!profile_.unsupported.empty()) why_not = profile_.unsupported;
      const bool possible = why_not.empty();
      capabilities_.functions[function] = {
          possible ? Availability::kNative : Availability::kUnavailable, std::move(why_not)};
      return possible;
    };
    const std::string login = pins_.why_no_login();
    if (state(Function::kSign, login.empty() ? use_.why_no_signature() : login))
      capabilities_.sign = {use_.sign_scheme()};
    if (state(Function::kDecrypt, login.empty() ? use_.why_no_decryption() : login))
      capabilities_.decrypt = {use_.decrypt_scheme()};
    const bool generates = state(Function::kGenerateKey, slots_.why_no_generation());
    capabilities_.replaces_keys = generates;
    state(Function::kWriteCertificate,
          profile_.host->certificates.empty()
              ? "where this card keeps certificates is not public, and there is no folder for them "
                "on this computer (cert.dir in kilt.toml)"
              : "");
    state(Function::kDeleteObject,
          profile_.host->certificates.empty()
              ? "no public source says how to delete objects of this card"
              : "no public source says how to delete objects of this card; only certificates that "
                "are kept on this computer can be deleted");
    state(Function::kChangeUserPin, pins_.why_no_change());
    state(Function::kUnblockPin, pins_.why_no_unblock());
    const char* unknown = "no public source says how this card does it";
    for (const Function function : {Function::kDerive, Function::kImportKey, Function::kWriteData,
                                    Function::kChangeAttributes, Function::kChangeSoPin,
                                    Function::kInitToken, Function::kRandom})
      state(function, unknown);
    capabilities_.keys = {{KeyType::kRsa, kMinBits, kMaxBits, generates, false, {}}};
    if (!generates) return;
    const auto& keys = profile_.commands.keys;
    const auto [least, most] = std::ranges::minmax(keys, {}, &KeySlot::bits);
    capabilities_.keys[0].min_bits = application_ ? std::min(kMinBits, least.bits) : least.bits;
    capabilities_.keys[0].max_bits = application_ ? std::max(kMaxBits, most.bits) : most.bits;
  }

  apdu::Card* card_;
  const Profile profile_;
  Files files_, key_files_;
  std::unique_ptr<pkcs15::Objects> application_;
  std::string dir_label_;
  Bytes aid_;
  Pins pins_;
  KeySlots slots_;
  KeyUse use_;
  std::unique_ptr<Objects> objects_;
  Bytes identity_;
  std::vector<Bytes> marks_;
  std::optional<TokenInfo> info_;
  Capabilities capabilities_;
};

std::optional<Discovered> discover(apdu::Card& card) {
  Files files(card);
  return find_pkcs15(files);
}

}  // namespace

std::unique_ptr<Token> open(apdu::Card& card, const Profile& profile) {
  std::optional<Discovered> found;
  if (profile.discovery && profile.unsupported.empty()) found = discover(card);
  if (!found && !profile.foreign.empty()) throw TokenNotRecognized(profile.foreign);
  return std::make_unique<Iso7816>(card, profile, found);
}

std::unique_ptr<Token> probe(apdu::Card& card, const ProfileSet& profiles) {
  constexpr unsigned kMaxNames = 16;
  unsigned names = 0;
  Files files(card);
  // True if the card has one of the profile's applications.
  const auto has_application = [&](const Profile& profile, Bytes& aid) {
    if (profile.family != "iso7816") return false;
    for (const Bytes& candidate : profile.aids) {
      if (++names > kMaxNames) return false;
      aid = candidate;
      if (files.select_name(candidate)) return true;
    }
    return false;
  };
  Bytes aid;
  for (const Profile& profile : profiles.all()) {
    if (!profile.foreign.empty() || !has_application(profile, aid)) continue;
    std::optional<Discovered> found;
    if (profile.discovery) found = find_pkcs15(files);
    auto token = std::make_unique<Iso7816>(card, profile, found);
    if (!found) token->set_application_id(aid);
    return token;
  }
  if (const auto found = find_pkcs15(files)) {
    Profile standard;
    if (const Profile* own = profiles.find(kStandardProfile)) standard = *own;
    standard.name = kStandardProfile;
    standard.host = profiles.host();
    return std::make_unique<Iso7816>(card, standard, found);
  }
  for (const Profile& profile : profiles.all())
    if (!profile.foreign.empty() && has_application(profile, aid))
      throw TokenNotRecognized(profile.foreign);
  return nullptr;
}

}  // namespace kilt::iso7816
