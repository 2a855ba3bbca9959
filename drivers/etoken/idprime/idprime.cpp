#include "drivers/etoken/idprime/idprime.h"

#include <algorithm>
#include <type_traits>

#include "apdu/tlv.h"
#include "drivers/etoken/idprime/directory.h"
#include "drivers/etoken/idprime/keys.h"
#include "drivers/etoken/idprime/pins.h"
#include "drivers/status.h"

namespace kilt::etoken {
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
  std::invoke_result_t<Work, const KeyPlace&> with_key(const Key& key, Work work) {
    const KeyPlace* place = directory_.place(key.ref);
    if (place == nullptr) throw ObjectNotFound("the key is no longer on the token");
    try {
      return work(*place);
    } catch (const CardFault&) {
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
        directory_(files_, model_) {
    describe_capabilities();
  }

  /// The applet answers and has an index.
  bool present() {
    if (!files_.select_applet()) return false;
    try {
      return files_.select(kIndex) > 0;
    } catch (const ObjectNotFound&) {
      return false;
    } catch (const NotLoggedIn&) {
      return true;
    }
  }

  void reset_state() noexcept override {
    logged_in_ = false;
    pins_.forget();
    files_.forget_selection();
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
      info.serial = to_hex(BytesView(identity()).first(std::min<std::size_t>(8, card_id_.size())));
      info.label = directory_.token_name();
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

  void login(PinRole role, const SecureBytes& pin) override {
    if (role == PinRole::kSo) throw NotSupported(kNoUnblock);
    // The user is in already: this is the login for one signature with the other PIN.
    if (logged_in_ && directory_.has_signature_pin()) return pins_.verify(kSignaturePin, pin);
    pins_.verify(kUserPin, pin);
    logged_in_ = true;
  }
  void login_at_pad(PinRole role) override {
    if (role == PinRole::kSo) throw NotSupported(kNoUnblock);
    if (logged_in_ && directory_.has_signature_pin()) return pins_.verify_at_pad(kSignaturePin);
    pins_.verify_at_pad(kUserPin);
    logged_in_ = true;
  }
  void logout() override {
    logged_in_ = false;
    pins_.forget();
    if (pins_.unverify()) return;
    files_.forget_selection();
    card_->connection().reset();
  }

  const ObjectList& list() override {
    try {
      return directory_.list(logged_in_);
    } catch (const CardFault&) {
      recover();
      return directory_.list(logged_in_);
    }
  }
  PublicKey read_public_key(const ObjectRef& ref) override {
    const ObjectList& objects = directory_.list(logged_in_);
    const auto key = std::ranges::find(objects.keys, ref, &Key::ref);
    return key == objects.keys.end() ? PublicKey{} : key->public_key;
  }
  Bytes read_certificate(const ObjectRef& ref) override { return directory_.read_certificate(ref); }
  Bytes read_data(const ObjectRef&) override {
    throw NotSupported("how this token keeps data objects is not public");
  }

  Bytes sign(const Key& key, SignScheme scheme, Hash hash, BytesView input) override {
    return with_key(key, [&](const KeyPlace& place) {
      return idprime::sign(files_, place.reference, place.bits, scheme, hash, input);
    });
  }
  SecureBytes decrypt(const Key& key, DecryptScheme scheme, Hash hash,
                      BytesView cryptogram) override {
    return with_key(key, [&](const KeyPlace& place) {
      return decipher(files_, place.reference, scheme, hash, cryptogram);
    });
  }
  SecureBytes derive(const Key& key, BytesView point) override {
    return with_key(key,
                    [&](const KeyPlace& place) { return agree(files_, place.reference, point); });
  }
  Bytes random(std::size_t size) override { return idprime::random(files_, size); }

  void change_pin(PinRole role, const SecureBytes& old_pin, const SecureBytes& new_pin) override {
    if (role == PinRole::kSo) throw NotSupported(kNoUnblock);
    if (unpadded()) throw NotSupported(kNoPinChange);
    pins_.change(kUserPin, old_pin, new_pin);
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
  void delete_key(const ObjectRef&) override { throw NotSupported(kNoWriting); }
  void delete_certificate(const ObjectRef&) override { throw NotSupported(kNoWriting); }

 private:
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
  Directory directory_;
  bool logged_in_ = false;
  Bytes card_id_;
  std::optional<TokenInfo> info_;
  Capabilities capabilities_;
};

}  // namespace

std::unique_ptr<Token> open_idprime(apdu::Card& card, const Profile& profile) {
  auto token = std::make_unique<IdPrime>(card, profile);
  if (!token->present()) return nullptr;
  return token;
}

}  // namespace kilt::etoken
