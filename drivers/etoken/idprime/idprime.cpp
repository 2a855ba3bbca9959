#include "drivers/etoken/idprime/idprime.h"

#include <algorithm>
#include <type_traits>

#include "apdu/tlv.h"
#include "drivers/crypto/public_key.h"
#include "drivers/etoken/idprime/keys.h"
#include "drivers/etoken/idprime/objects.h"
#include "drivers/etoken/idprime/pins.h"
#include "drivers/logout.h"
#include "drivers/serial_number.h"
#include "drivers/status.h"

namespace kilt::etoken::idprime {
namespace {

using namespace idprime;  // NOLINT(google-build-using-namespace): this file's own family

constexpr std::size_t kCardIdSize = 16;

const char* const kNoWriting =
    "how keys and certificates are written to this token is not public: its maker's software must "
    "do it";
const char* const kNoPinChange =
    "in which form this model takes the old and the new PIN is not public, and a wrong guess "
    "spends "
    "a try: its maker's software must do it";
const char* const kNoUnblock =
    "how this token's administrator key is used is not public, and the token is lost after five "
    "wrong tries with it: its maker's software must do it";
const char* const kNoFormat =
    "how this token is initialised is not public: its maker's software must do it";

class IdPrime : public Token {
  template <typename Work>
  std::invoke_result_t<Work, const CardKey&> with_key(const Key& key, Work work) {
    const CardKey* card_key = objects_.card_key(key.ref);
    if (card_key == nullptr) throw ObjectNotFound("the key is no longer on the token");
    try {
      return work(*card_key);
    } catch (const NotLoggedIn&) {
      throw;
    } catch (const CardReset&) {
      throw;
    } catch (const CardRemoved&) {
      throw;
    } catch (const Error&) {
      // Without the applet's selection the card says anything but that.
      const bool was_ours = files_.still_selected();
      if (was_ours) throw;
      logged_in_ = false;
      throw NotLoggedIn();
    }
  }

 public:
  IdPrime(apdu::Card& card, const Profile& profile)
      : card_(&card),
        manufacturer_(profile.manufacturer),
        model_name_(profile.model),
        model_(model_of(card.atr())),
        files_(card),
        pins_(files_, !unpadded()),
        objects_(files_, model_) {
    describe_capabilities();
  }

  /// The applet answers and has an index; a new token's is empty. Where that is damaged, the applet
  /// gives its own name. Other cards say 9000 to any name, and nothing more.
  bool present() {
    if (!files_.select_applet()) return false;
    try {
      files_.select(kIndex);
      return true;
    } catch (const Error& error) {
      if (!concerns_one_object(error)) throw;
    }
    return files_.session_id().has_value();
  }

  void reset_state() noexcept override {
    logged_in_ = false;
    pins_.forget();
    files_.forget_selection();
    card_id_.clear();
  }
  Bytes identity() override {
    if (card_id_.empty()) {
      files_.select(kCardId);
      card_id_ = files_.read(0, kCardIdSize);
      if (card_id_.empty()) throw MalformedAnswer("the token has an empty number");
    }
    return card_id_;
  }

  TokenInfo info() override {
    if (!info_) {
      TokenInfo info;
      info.family = "idprime";
      info.manufacturer = manufacturer_;
      info.model = model_name_;
      info.serial = serial_number(identity_if_told(*this));
      info.label = objects_.token_name();
      if (info.label.empty()) info.label = model_name_;
      info.firmware = read_version();
      info.has_random = true;
      info.write_protected = true;
      info.pin_pad = pins_.takes_pad();
      info_ = info;
    }
    return *info_;
  }
  const Capabilities& capabilities() override { return capabilities_; }
  PinStatus pin_status(PinRole role) override {
    // The administrator's key is not a PIN, and asking after it is not safe.
    if (role == PinRole::kSo) return {};
    return pins_.status(kUserPin);
  }

  void forget_pin_status() noexcept override { pins_.forget(); }

  void login(PinRole role, const PinInput& pin) override {
    if (role == PinRole::kSo) throw NotSupported(kNoUnblock);
    // The user is in already: this is the login for one signature with the other PIN.
    if (logged_in_ && objects_.has_signature_pin()) return pins_.verify(kSignaturePin, pin);
    pins_.verify(kUserPin, pin);
    logged_in_ = true;
  }
  void logout() override {
    logged_in_ = false;
    pins_.forget();
    if (!log_out_by(*card_, [&] { pins_.unverify(); })) reset_state();
  }

  const ObjectList& list() override {
    try {
      return objects_.list(logged_in_);
    } catch (const CardFault&) {
      recover();
      return objects_.list(logged_in_);
    }
  }
  PublicKey read_public_key(const ObjectRef& ref) override {
    const ObjectList& objects = objects_.list(logged_in_);
    const auto key = std::ranges::find(objects.keys, ref, &Key::ref);
    return key == objects.keys.end() ? PublicKey{} : key->public_key;
  }
  Bytes read_certificate(const ObjectRef& ref) override { return objects_.read_certificate(ref); }
  Bytes read_data(const ObjectRef&) override {
    throw NotSupported("how this token keeps data objects is not public");
  }

  Bytes sign(const Key& key, SignScheme scheme, Hash hash, BytesView input) override {
    return with_key(key, [&](const CardKey& card_key) {
      return idprime::sign(files_, card_key.reference, card_key.bits, scheme, hash, input);
    });
  }
  SecureBytes decrypt(const Key& key, DecryptScheme scheme, Hash hash,
                      BytesView cryptogram) override {
    return with_key(key, [&](const CardKey& card_key) {
      check_still_there(key, card_key);
      return decipher(files_, card_key.reference, scheme, hash, cryptogram);
    });
  }
  SecureBytes derive(const Key& key, BytesView point) override {
    return with_key(key, [&](const CardKey& card_key) {
      check_still_there(key, card_key);
      return agree(files_, card_key.reference, point);
    });
  }
  Bytes random(std::size_t size) override { return idprime::random(files_, size); }

  void change_pin(PinRole role, const PinInput& old_pin, const PinInput& new_pin) override {
    if (role == PinRole::kSo) throw NotSupported(kNoUnblock);
    if (unpadded()) throw NotSupported(kNoPinChange);
    pins_.change(kUserPin, old_pin.typed(), new_pin.typed());
  }
  void init_user_pin(const SecureBytes&) override { throw NotSupported(kNoUnblock); }
  void format(const FormatRequest&) override { throw NotSupported(kNoFormat); }
  ObjectRef generate_key(const KeySpec&) override { throw NotSupported(kNoWriting); }
  ObjectRef import_key(const KeySpec&, const PrivateKey&) override {
    throw NotSupported(kNoWriting);
  }
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

 private:
  /// The index does not show that a container got another key, and what the key makes of a
  /// cryptogram does not tell either (of a signature it does).
  void check_still_there(const Key& key, const CardKey& card_key) {
    if (std::holds_alternative<std::monostate>(key.public_key)) return;
    const PublicKey now = idprime::read_public_key(files_, card_key.reference, card_key.bits);
    if (!std::holds_alternative<std::monostate>(now) && !same_key(now, key.public_key))
      throw ObjectNotFound("the token holds another key in this card_key now");
  }

  /// The 930 family takes PINs as they are, the others filled up with zeros.
  [[nodiscard]] bool unpadded() const noexcept {
    return model_ == Model::k930 || model_ == Model::k930Plus;
  }

  /// Another program may have selected its own applet: then ours is selected anew, and the login
  /// is gone.
  void recover() {
    if (files_.still_selected()) return;
    logged_in_ = false;
    pins_.forget();
  }

  /// "4.3.5.D", alone or in DF30.
  TokenInfo::Version read_version() {
    const auto answer = files_.send(apdu::get_data(0xDF30, apdu::Le{0x2D}));
    if (!answer.ok()) return {};
    BytesView text(answer.data);
    try {
      if (const auto object = tlv::find(answer.data, 0xDF30)) text = object->value;
    } catch (const MalformedAnswer&) {
      text = answer.data;
    }
    if (text.size() < 3 || text[1] != '.') return {};
    const auto digit = [](Byte byte) { return byte >= '0' && byte <= '9' ? byte - '0' : 0U; };
    return {digit(text[0]), digit(text[2])};
  }

  void describe_capabilities() {
    capabilities_.sign = {SignScheme::kRsaPkcs1, SignScheme::kRsaPss, SignScheme::kEcdsa};
    capabilities_.pss_hashes = {Hash::kSha256, Hash::kSha384, Hash::kSha512};
    capabilities_.decrypt = {DecryptScheme::kRsaPkcs1, DecryptScheme::kRsaOaep};
    capabilities_.keys = {{KeyType::kRsa, 1024, 4096, false, false, {}},
                          {KeyType::kEc,
                           256,
                           521,
                           false,
                           false,
                           {from_hex("06082A8648CE3D030107"), from_hex("06052B81040022"),
                            from_hex("06052B81040023")}}};
    for (const Function function : {Function::kSign, Function::kDecrypt, Function::kDerive,
                                    Function::kRandom, Function::kChangeUserPin})
      capabilities_.functions[function] = {Availability::kNative, {}};
    const auto refuse = [&](std::initializer_list<Function> functions, const char* reason) {
      for (const Function function : functions)
        capabilities_.functions[function] = {Availability::kUnavailable, reason};
    };
    refuse({Function::kGenerateKey, Function::kImportKey, Function::kWriteCertificate,
            Function::kWriteData, Function::kDeleteObject, Function::kChangeAttributes},
           kNoWriting);
    refuse({Function::kChangeSoPin, Function::kUnblockPin}, kNoUnblock);
    refuse({Function::kInitToken}, kNoFormat);
    if (unpadded()) refuse({Function::kChangeUserPin}, kNoPinChange);
  }

  apdu::Card* card_;
  std::string manufacturer_, model_name_;
  Model model_;
  Files files_;
  Pins pins_;
  Objects objects_;
  bool logged_in_ = false;
  Bytes card_id_;
  std::optional<TokenInfo> info_;
  Capabilities capabilities_;
};

}  // namespace

std::unique_ptr<Token> open(apdu::Card& card, const Profile& profile) {
  auto token = std::make_unique<IdPrime>(card, profile);
  if (!token->present()) return nullptr;
  return token;
}

}  // namespace kilt::etoken::idprime
