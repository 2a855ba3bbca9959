#include "drivers/etoken/applet/applet.h"

#include <algorithm>

#include "apdu/tlv.h"
#include "drivers/etoken/applet/layout.h"
#include "drivers/etoken/applet/objects.h"
#include "drivers/etoken/applet/pins.h"
#include "drivers/serial_number.h"
#include "drivers/status.h"

namespace kilt::etoken::applet {
namespace {

constexpr Byte kSerialTag = 0x07, kVersionTag = 0x11;
constexpr std::size_t kSerialAt = 4, kSerialSize = 4;  // within the whole answer
constexpr std::size_t kSerialLongest = 64;  // its real length is not public: 11 bytes were seen
constexpr unsigned kMinRsa = 1024, kMaxRsa = 2048;  // bits, as the maker states

const char* const kNoWriting =
    "how this token's objects are written and deleted is not public: its maker's software must do "
    "it";
const char* const kNoPinChange =
    "how this token's PINs are changed is not public: its maker's software must do it";
const char* const kNoKeys =
    "how keys are made on this token is not public: its maker's software must do it";
const char* const kNoFormat =
    "how this token is initialised is not public: its maker's software must do it";

SoSalt so_salt(const Profile& profile) {
  const auto option = profile.options.find("so_salt");
  if (option == profile.options.end()) return SoSalt::kNotChosen;
  if (option->second == "first") return SoSalt::kFirst;
  if (option->second == "second") return SoSalt::kSecond;
  return SoSalt::kNotChosen;
}

class Applet : public Token {
 public:
  Applet(apdu::Card& card, const Profile& profile)
      : card_(&card),
        manufacturer_(profile.manufacturer),
        model_(profile.model),
        files_(card),
        pins_(files_, so_salt(profile)),
        objects_(files_) {
    card.options().extended = true;
    describe_capabilities();
  }
  /// Other applets on the same chip say 9000 to any name; this one has a serial number, or keeps it
  /// to itself and has the application's folder.
  [[nodiscard]] bool present() {
    if (!files_.select_applet()) return false;
    if (!identity_if_told(*this).empty()) return true;
    try {
      static_cast<void>(files_.select({0x6666, 0x5000, 0x000F}));
      return true;
    } catch (const MalformedAnswer&) {
      return false;
    }
  }

  void reset_state() noexcept override {
    pins_.forget();
    pins_.forget_status();
    files_.forget_selection();
    serial_.clear();
  }
  Bytes identity() override {
    if (serial_.empty()) {
      const Bytes answer = files_.get_data(kSerialTag);
      if (answer.size() < kSerialAt + kSerialSize || answer.size() > kSerialLongest)
        throw MalformedAnswer("the serial number is too short or too long");
      serial_ = to_bytes(BytesView(answer).subspan(kSerialAt, kSerialSize));
    }
    return serial_;
  }

  TokenInfo info() override {
    if (!info_) {
      TokenInfo info;
      info.family = "etoken-applet";
      info.manufacturer = manufacturer_;
      info.model = model_;
      info.label = model_;  // where the token keeps its name is not public
      info.serial = to_hex(identity_if_told(*this));
      info.firmware = read_version();
      info.initialized = pins_.status(PinRole::kUser).initialized;
      info.write_protected = true;
      info_ = info;
    }
    return *info_;
  }
  const Capabilities& capabilities() override {
    // Which keys there are decides what can be done with them.
    if (!listed_) try {
        (void)list();
      } catch (const Error& error) {
        if (!concerns_one_object(error)) throw;
      }
    return capabilities_;
  }
  PinStatus pin_status(PinRole role) override { return pins_.status(role); }

  void forget_pin_status() noexcept override { pins_.forget_status(); }
  void login(PinRole role, const PinInput& pin) override { pins_.verify(role, pin.typed()); }
  // No command for it is public, and the state must not stay open: a reset closes it.
  void logout() override {
    pins_.forget();
    pins_.forget_status();
    files_.forget_selection();
    card_->connection().reset();
  }

  const ObjectList& list() override {
    return logged_in([&]() -> const ObjectList& {
      const ObjectList& objects = objects_.list();
      listed_ = true;
      describe_key_use(objects);
      return objects;
    });
  }
  // All that is known came with list().
  PublicKey read_public_key(const ObjectRef& ref) override {
    const ObjectList& objects = objects_.list();
    const auto key = std::ranges::find(objects.keys, ref, &Key::ref);
    return key == objects.keys.end() ? PublicKey{} : key->public_key;
  }
  Bytes read_certificate(const ObjectRef& ref) override {
    return logged_in([&] { return objects_.read_certificate(ref); });
  }
  Bytes read_data(const ObjectRef&) override {
    throw NotSupported("how this token keeps data objects is not public");
  }

  Bytes sign(const Key& key, SignScheme scheme, Hash, BytesView input) override {
    if (scheme != SignScheme::kRsaRaw) throw NotSupported("the token signs whole RSA blocks only");
    return rsa(key, input);
  }
  SecureBytes decrypt(const Key& key, DecryptScheme scheme, Hash, BytesView cryptogram) override {
    if (scheme != DecryptScheme::kRsaRaw)
      throw NotSupported("the token deciphers whole RSA blocks only");
    return SecureBytes(rsa(key, cryptogram));
  }

  ObjectRef generate_key(const KeySpec&) override { throw NotSupported(kNoKeys); }
  ObjectRef import_key(const KeySpec&, const PrivateKey&) override { throw NotSupported(kNoKeys); }
  ObjectRef write_certificate(const Certificate&, BytesView) override {
    throw NotSupported(kNoWriting);
  }
  ObjectRef write_data(const DataObject&, BytesView) override { throw NotSupported(kNoWriting); }
  void change_key(const ObjectRef&, const ObjectChange&) override {
    throw NotSupported(kNoWriting);
  }
  void change_certificate(const ObjectRef&, const ObjectChange&) override {
    throw NotSupported(kNoWriting);
  }
  void delete_key(const ObjectRef&, KeyHalf) override { throw NotSupported(kNoWriting); }
  void delete_certificate(const ObjectRef&) override { throw NotSupported(kNoWriting); }
  void change_pin(PinRole, const PinInput&, const PinInput&) override {
    throw NotSupported(kNoPinChange);
  }
  void init_user_pin(const SecureBytes&) override { throw NotSupported(kNoPinChange); }
  void format(const FormatRequest&) override { throw NotSupported(kNoFormat); }

 private:
  /// The work, and once more after a new authentication if the login did not last.
  template <typename Work>
  auto logged_in(Work work) -> decltype(work()) {
    try {
      return work();
    } catch (const NotLoggedIn&) {
      pins_.reauthenticate([] {});
      return work();
    }
  }

  Bytes rsa(const Key& key, BytesView block) {
    if (key.type != KeyType::kRsa || key.ref.size() < 2) throw NotSupported(kEcUnusable);
    if (!objects_.has_key(key.ref)) throw ObjectNotFound("the key is no longer on the token");
    const FilePath path = object_path(static_cast<FileId>(read_be(BytesView(key.ref).first(2))));
    const auto select = [&] {
      if (!files_.select(path).security.empty()) throw NotSupported(kSecureMessaging);
    };
    const auto use = [&] {
      try {
        return files_.rsa(block);
      } catch (const NotLoggedIn&) {
        throw;
      } catch (const Error&) {
        // A card that was reset after the selection says anything but that.
        if (files_.still_selected()) throw;
        reset_state();
        throw NotLoggedIn();
      }
    };
    try {
      select();
      return use();
    } catch (const NotLoggedIn&) {
      pins_.reauthenticate(select);
      return use();
    }
  }

  // 11 04 aa bb cc dd: shown by the maker as aa.bb[.cc].dd.
  TokenInfo::Version read_version() {
    try {
      const auto objects = parse_objects(files_.get_data(kVersionTag));
      const auto version = objects.find(kVersionTag);
      if (version == objects.end() || version->second.size() < 2) return {};
      return {version->second[0], version->second[1]};
    } catch (const Error& error) {
      if (!concerns_one_object(error)) throw;
      return {};
    }
  }

  /// Unavailable if there are keys and none can be used.
  void describe_key_use(const ObjectList& objects) {
    std::string reason;
    for (const Key& key : objects.keys) {
      if (!key.has_private) continue;
      reason = key.unusable_reason;
      if (reason.empty()) break;
    }
    for (const Function function : {Function::kSign, Function::kDecrypt})
      capabilities_.functions[function] = reason.empty()
                                              ? FunctionState{Availability::kNative, {}}
                                              : FunctionState{Availability::kUnavailable, reason};
  }
  void describe_capabilities() {
    capabilities_.sign = {SignScheme::kRsaRaw};
    capabilities_.decrypt = {DecryptScheme::kRsaRaw};
    capabilities_.keys = {{KeyType::kRsa, kMinRsa, kMaxRsa, false, false, {}}};
    for (const Function function : {Function::kSign, Function::kDecrypt})
      capabilities_.functions[function] = {Availability::kNative, {}};
    const auto refuse = [&](std::initializer_list<Function> functions, const char* reason) {
      for (const Function function : functions)
        capabilities_.functions[function] = {Availability::kUnavailable, reason};
    };
    refuse({Function::kDerive}, kEcUnusable);
    refuse({Function::kGenerateKey, Function::kImportKey}, kNoKeys);
    refuse({Function::kWriteCertificate, Function::kWriteData, Function::kDeleteObject,
            Function::kChangeAttributes},
           kNoWriting);
    refuse({Function::kChangeUserPin, Function::kChangeSoPin, Function::kUnblockPin}, kNoPinChange);
    refuse({Function::kInitToken}, kNoFormat);
    refuse({Function::kRandom}, "the token's challenges serve its login, not as random numbers");
  }

  apdu::Card* card_;
  std::string manufacturer_, model_;
  Files files_;
  Pins pins_;
  Objects objects_;
  Bytes serial_;
  std::optional<TokenInfo> info_;
  Capabilities capabilities_;
  bool listed_ = false;
};

}  // namespace

std::unique_ptr<Token> open(apdu::Card& card, const Profile& profile) {
  auto token = std::make_unique<Applet>(card, profile);
  if (!token->present()) return nullptr;
  return token;
}

}  // namespace kilt::etoken::applet
