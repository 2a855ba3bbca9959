#include "drivers/etoken/cardos/cardos.h"

#include <algorithm>
#include <functional>

#include "drivers/etoken/cardos/format.h"
#include "drivers/etoken/cardos/layout.h"
#include "drivers/status.h"
#include "drivers/stored_token.h"

namespace kilt::etoken {
namespace {

using namespace cardos;  // NOLINT(google-build-using-namespace): this file's own family
using pkcs15::Store;

constexpr std::uint16_t kSerialTag = 0x0181, kVersionTag = 0x0182;
constexpr std::size_t kSerialAt = 10, kSerialSize = 6;
constexpr std::size_t kMaxRandom = 65536;
constexpr std::uint32_t kRandomBlock = 8;

const char* const kNotFormatted = "the token is not formatted: kilt init does it";
const char* const kOldSystem =
    "how files are made is public for CardOS 4.2 only, and this token has another version";

class CardOs : public StoredToken<CardOs> {
 public:
  CardOs(apdu::Card& card, const Profile& profile)
      : card_(&card), manufacturer_(profile.manufacturer), model_(profile.model), files_(card) {
    card.options().extended = true;
    describe_capabilities();
  }

  /// Asks the card for its version and compares it with the ATR's.
  bool present() {
    const auto answer = card_->send(apdu::get_data(kVersionTag, apdu::kLeShortMax));
    const BytesView atr(card_->atr());
    // The last bytes of the ATR before its check byte.
    if (!answer.ok() || answer.data.size() < 2 || atr.size() < 3) return false;
    version_ = {answer.data[0], answer.data[1]};
    return equal(BytesView(answer.data).first(2), atr.subspan(atr.size() - 3, 2));
  }

  void reset_state() noexcept override {
    working_.clear();
    files_.forget();
  }
  /// One change of the token's objects, by the layout that it has.
  ObjectRef write(const std::function<ObjectRef(Store&)>& work) {
    return need_writable().write(work);
  }

  Bytes identity() override {
    if (serial_.empty()) {
      const auto answer = card_->send(apdu::get_data(kSerialTag, apdu::kLeShortMax));
      expect_ok("GET DATA serial", answer);
      if (answer.data.size() < kSerialAt + kSerialSize)
        throw MalformedAnswer("the serial number is too short");
      serial_ = to_bytes(BytesView(answer.data).subspan(kSerialAt, kSerialSize));
    }
    return serial_;
  }

  TokenInfo info() override {
    if (!info_) {
      TokenInfo info;
      info.family = "cardos";
      info.manufacturer = manufacturer_;
      info.model = model_;
      info.serial = to_hex(identity());
      info.initialized = layout() != nullptr;
      info.label = layout() != nullptr ? layout()->label() : std::string();
      if (info.label.empty()) info.label = model_;
      info.firmware = version_;
      info.has_random = true;
      info.write_protected = !can_make_files() || (layout() != nullptr && layout()->read_only());
      info.pin_pad = layout() != nullptr && layout()->takes_pad();
      info_ = info;
    }
    return *info_;
  }
  const Capabilities& capabilities() override {
    if (!described_) describe_layout();
    return capabilities_;
  }
  PinStatus pin_status(PinRole role) override {
    if (layout() != nullptr) return layout()->pin_status(role);
    PinStatus status;
    status.initialized = false;
    return status;
  }

  void login(PinRole role, const SecureBytes& pin) override {
    if (pin.empty()) throw PinLength("an empty PIN is never sent to the token");
    if (layout() == nullptr) throw PinNotInitialized();
    layout()->login(role, pin);
  }
  void login_at_pad(PinRole role) override { need().login_at_pad(role); }
  void change_pin_at_pad(PinRole role) override { need().change_pin_at_pad(role); }
  void logout() override {
    files_.select({});
    expect_ok("logout", card_->send(apdu::Command::case1(0x80, 0xEA, 0x00, 0x00)));
  }

  const ObjectList& list() override { return layout() != nullptr ? layout()->list() : nothing_; }
  PublicKey read_public_key(const ObjectRef& ref) override { return need().read_public_key(ref); }
  Bytes read_certificate(const ObjectRef& ref) override { return need().read_certificate(ref); }
  Bytes read_data(const ObjectRef& ref) override { return need().read_data(ref); }

  Bytes sign(const Key& key, SignScheme scheme, Hash, BytesView input) override {
    if (scheme != SignScheme::kRsaRaw) throw NotSupported("the token signs whole RSA blocks only");
    const KeyPlace place = place_of(key);
    // A key serves one operation; OpenSC makes decryption keys and signs with them.
    const bool decipher_first = !place.signs || working_[key.ref] == Use::kDecipher;
    if (!decipher_first) {
      try {
        Bytes signature = use(place, Use::kSign, input);
        working_[key.ref] = Use::kSign;
        return signature;
      } catch (const CardFault&) {
        if (working_[key.ref] == Use::kSign) throw;
      } catch (const ObjectNotFound&) {
        if (working_[key.ref] == Use::kSign) throw;
      }
    }
    Bytes signature = use(place, Use::kDecipher, input);
    working_[key.ref] = Use::kDecipher;
    return signature;
  }
  SecureBytes decrypt(const Key& key, DecryptScheme scheme, Hash, BytesView cryptogram) override {
    if (scheme != DecryptScheme::kRsaRaw)
      throw NotSupported("the token deciphers whole RSA blocks only");
    return SecureBytes(use(place_of(key), Use::kDecipher, cryptogram));
  }

  Bytes random(std::size_t size) override {
    if (size > kMaxRandom) throw InvalidData("too many random bytes at once");
    Bytes bytes;
    while (bytes.size() < size) {
      const auto answer = card_->send(apdu::get_challenge(apdu::Le{kRandomBlock}));
      expect_ok("GET CHALLENGE", answer);
      if (answer.data.empty() || answer.data.size() > kRandomBlock)
        throw MalformedAnswer("GET CHALLENGE brought no or too many bytes");
      append(bytes, answer.data);
    }
    bytes.resize(size);
    return bytes;
  }

  void change_pin(PinRole role, const SecureBytes& old_pin, const SecureBytes& new_pin) override {
    need().change_pin(role, old_pin, new_pin);
  }
  void init_user_pin(const SecureBytes& new_pin) override {
    need_writable().init_user_pin(new_pin);
  }
  void format(const FormatRequest& request) override {
    if (!can_make_files()) throw NotSupported(kOldSystem);
    if (layout() != nullptr && !layout()->no_format().empty())
      throw NotSupported(layout()->no_format());
    const TokenNames names{manufacturer_, identity()};
    forget_layout();
    cardos::format(*card_, files_, names, request);
    logout();
  }
  void delete_key(const ObjectRef& ref) override {
    working_.erase(ref);
    StoredToken::delete_key(ref);
  }

 private:
  enum class Use { kUnknown, kSign, kDecipher };

  /// The token's layout, found once; nullptr for a blank token.
  Layout* layout() {
    if (!asked_layout_) {
      layout_ = open_pkcs15(*card_, files_, identity());
      if (!layout_) layout_ = open_native(*card_, files_);
      asked_layout_ = true;
    }
    return layout_.get();
  }
  Layout& need() {
    if (layout() == nullptr) throw NotSupported(kNotFormatted);
    return *layout();
  }
  Layout& need_writable() {
    if (!can_make_files()) throw NotSupported(kOldSystem);
    return need();
  }
  void forget_layout() {
    info_.reset();
    working_.clear();
    layout_.reset();
    asked_layout_ = described_ = false;
  }
  [[nodiscard]] bool can_make_files() const {
    return version_.major == 0xC8 && version_.minor == 0x09;
  }
  KeyPlace place_of(const Key& key) {
    const auto place = need().place(key.ref);
    if (!place) throw ObjectNotFound("the key is no longer on the token");
    return *place;
  }

  Bytes use(const KeyPlace& place, Use use, BytesView block) {
    if (!place.folder.empty()) files_.select(place.folder);
    const Bytes key{0x83, 0x01, place.reference};
    Byte how = 0x41;
    if (place.restore) {
      how = 0xF1;
      expect_ok("MSE RESTORE", card_->send(apdu::Command::case1(0x00, 0x22, 0xF3, 0xFE)));
    }
    const Byte what = use == Use::kSign ? 0xB6 : 0xB8;
    expect_ok("MSE SET", card_->send(apdu::Command::case3(0x00, 0x22, how, what, key)));
    Bytes body;
    if (use == Use::kDecipher) body.push_back(0x00);
    append(body, block);
    auto command = use == Use::kSign
                       ? apdu::Command::case4(0x00, 0x2A, 0x9E, 0x9A, body, apdu::kLeShortMax)
                       : apdu::Command::case4(0x00, 0x2A, 0x80, 0x86, body, apdu::kLeShortMax);
    command.privacy = apdu::Privacy::kSecret;
    const auto answer = card_->send(command);
    expect_ok("PERFORM SECURITY OPERATION", answer);
    if (answer.data.size() != block.size())
      throw MalformedAnswer("the RSA operation's answer has a wrong length");
    return answer.data;
  }

  void describe_capabilities() {
    capabilities_.sign = {SignScheme::kRsaRaw};
    capabilities_.decrypt = {DecryptScheme::kRsaRaw};
    for (const Function function : {Function::kSign, Function::kDecrypt, Function::kRandom})
      capabilities_.functions[function] = {Availability::kNative, {}};
    capabilities_.functions[Function::kDerive] = {Availability::kUnavailable,
                                                  "the token has no EC keys"};
  }
  /// What depends on the layout, which costs commands to find out.
  void describe_layout() {
    described_ = true;
    const bool blank = layout() == nullptr;
    const std::string old = can_make_files() ? std::string() : kOldSystem;
    const auto set = [&](std::initializer_list<Function> functions, const std::string& reason) {
      for (const Function function : functions)
        capabilities_.functions[function] = reason.empty()
                                                ? FunctionState{Availability::kNative, {}}
                                                : FunctionState{Availability::kUnavailable, reason};
    };
    const auto reason_of = [&](const std::string& reason) { return old.empty() ? reason : old; };
    const std::string no_writing = reason_of(blank ? kNotFormatted : layout()->no_writing());
    set({Function::kChangeUserPin, Function::kChangeSoPin},
        blank ? kNotFormatted : layout()->no_pin_change());
    set({Function::kGenerateKey, Function::kImportKey, Function::kWriteCertificate,
         Function::kWriteData, Function::kDeleteObject, Function::kChangeAttributes},
        no_writing);
    set({Function::kUnblockPin}, reason_of(blank ? kNotFormatted : layout()->no_unblocking()));
    set({Function::kInitToken}, reason_of(blank ? std::string() : layout()->no_format()));
    const bool writes = no_writing.empty();
    capabilities_.keys = {{KeyType::kRsa, 512, 2048, writes, writes, {}}};
  }

  apdu::Card* card_;
  std::string manufacturer_, model_;
  Files files_;
  TokenInfo::Version version_;
  std::unique_ptr<Layout> layout_;
  bool asked_layout_ = false, described_ = false;
  std::map<ObjectRef, Use> working_;
  ObjectList nothing_;
  Bytes serial_;
  std::optional<TokenInfo> info_;
  Capabilities capabilities_;
};

}  // namespace

std::unique_ptr<Token> open_cardos(apdu::Card& card, const Profile& profile) {
  auto token = std::make_unique<CardOs>(card, profile);
  if (!token->present()) return nullptr;
  return token;
}

}  // namespace kilt::etoken
