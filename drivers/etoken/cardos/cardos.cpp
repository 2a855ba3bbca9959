#include "drivers/etoken/cardos/cardos.h"

#include <algorithm>
#include <functional>

#include "drivers/challenge.h"
#include "drivers/crypto/rsa.h"
#include "drivers/etoken/cardos/aladdin_application.h"
#include "drivers/etoken/cardos/format.h"
#include "drivers/etoken/cardos/pkcs15_application.h"
#include "drivers/logout.h"
#include "drivers/serial_number.h"
#include "drivers/status.h"
#include "drivers/writable_token.h"

namespace kilt::etoken::cardos {
namespace {

using namespace cardos;  // NOLINT(google-build-using-namespace): this file's own family
using pkcs15::Writer;

constexpr std::uint16_t kSerialTag = 0x0181, kVersionTag = 0x0182;
constexpr std::size_t kSerialAt = 10, kSerialSize = 6;
constexpr std::uint32_t kRandomBlock = 8;

const char* const kNotFormatted = "the token is not formatted: kilt init does it";
const char* const kOldSystem =
    "how files are made is public for CardOS 4.2 only, and this token has another version";

class CardOs : public WritableToken<CardOs> {
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
    serial_.clear();
  }
  /// One change of the token's objects, by the layout that it has.
  ObjectRef write(const std::function<ObjectRef(Writer&)>& work) {
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
      info.serial = to_hex(identity_if_told(*this));
      info.initialized = application() != nullptr;
      info.label = application() != nullptr ? application()->label() : std::string();
      if (info.label.empty()) info.label = model_;
      info.firmware = version_;
      info.has_random = true;
      info.write_protected =
          !can_make_files() || (application() != nullptr && application()->read_only());
      info.pin_pad = application() != nullptr && application()->takes_pad();
      info_ = info;
    }
    return *info_;
  }
  const Capabilities& capabilities() override {
    if (!described_) describe_layout();
    return capabilities_;
  }
  PinStatus pin_status(PinRole role) override {
    if (application() != nullptr) return application()->pin_status(role);
    PinStatus status;
    status.initialized = false;
    return status;
  }

  void forget_pin_status() noexcept override {}  // the card has no counter to ask for

  void login(PinRole role, const PinInput& pin) override {
    if (application() == nullptr) throw PinNotInitialized();
    application()->login(role, pin);
  }
  void logout() override {
    const bool done = log_out_by(*card_, [&] {
      files_.select({});
      expect_ok("logout", card_->send(apdu::Command::case1(0x80, 0xEA, 0x00, 0x00)));
    });
    if (!done) reset_state();
  }

  const ObjectList& list() override {
    return application() != nullptr ? application()->list() : nothing_;
  }
  const ObjectList* remembered_list() override {
    return application_ ? application_->remembered_list() : nullptr;
  }
  PublicKey read_public_key(const ObjectRef& ref) override { return need().read_public_key(ref); }
  Bytes read_certificate(const ObjectRef& ref) override { return need().read_certificate(ref); }
  Bytes read_data(const ObjectRef& ref) override { return need().read_data(ref); }

  Bytes sign(const Key& key, SignScheme scheme, Hash, BytesView input) override {
    if (scheme != SignScheme::kRsaRaw) throw NotSupported("the token signs whole RSA blocks only");
    const CardKey card_key = card_key_of(key);
    // A key serves one operation; OpenSC makes decryption keys and signs with them. Which one is
    // kept once a signature verified: one fault, or a wrong 9000, says nothing about the next time.
    Use& working = working_[key.ref];
    if (card_key.signs && working != Use::kDecipher) {
      try {
        Bytes signature = use(card_key, Use::kSign, input);
        const std::optional<bool> right = is_signature(key, input, signature);
        if (right == true) working = Use::kSign;
        if (right != false || working == Use::kSign) return signature;
      } catch (const CardFault& fault) {
        if (working == Use::kSign || is_passing_trouble(fault.sw())) throw;
      } catch (const ObjectNotFound&) {
        if (working == Use::kSign) throw;
      }
    }
    Bytes signature = use(card_key, Use::kDecipher, input);
    if (is_signature(key, input, signature) == true) working = Use::kDecipher;
    return signature;
  }
  SecureBytes decrypt(const Key& key, DecryptScheme scheme, Hash, BytesView cryptogram) override {
    if (scheme != DecryptScheme::kRsaRaw)
      throw NotSupported("the token deciphers whole RSA blocks only");
    return SecureBytes(use(card_key_of(key), Use::kDecipher, cryptogram));
  }

  Bytes random(std::size_t size) override {
    const std::size_t blocks = (size + kRandomBlock - 1) / kRandomBlock;
    Bytes bytes = random_bytes(*card_, blocks * kRandomBlock, kRandomBlock);
    bytes.resize(size);
    return bytes;
  }

  void change_pin(PinRole role, const PinInput& old_pin, const PinInput& new_pin) override {
    need().change_pin(role, old_pin, new_pin);
  }
  void init_user_pin(const SecureBytes& new_pin) override {
    need_writable().init_user_pin(new_pin);
  }
  void format(const FormatRequest& request) override {
    if (!can_make_files()) throw NotSupported(kOldSystem);
    if (application() != nullptr && !application()->no_format().empty())
      throw NotSupported(application()->no_format());
    const TokenNames names{manufacturer_, identity()};
    forget_layout();
    cardos::format(*card_, files_, names, request);
    logout();
  }
  void delete_key(const ObjectRef& ref, KeyHalf half) override {
    working_.erase(ref);
    WritableToken::delete_key(ref, half);
  }

 private:
  enum class Use { kUnknown, kSign, kDecipher };

  /// Of the whole block; nothing if the key's public half is not known.
  static std::optional<bool> is_signature(const Key& key, BytesView block, BytesView signature) {
    const auto* half = std::get_if<RsaPublicKey>(&key.public_key);
    if (half == nullptr) return std::nullopt;
    return crypto::rsa_is_private_of(*half, block, signature);
  }

  /// The token's layout, found once; nullptr for a blank token.
  Application* application() {
    if (!asked_layout_) {
      application_ = open_pkcs15(*card_, files_, identity_if_told(*this));
      if (!application_) application_ = open_aladdin(*card_, files_);
      asked_layout_ = true;
    }
    return application_.get();
  }
  Application& need() {
    if (application() == nullptr) throw NotSupported(kNotFormatted);
    return *application();
  }
  Application& need_writable() {
    if (!can_make_files()) throw NotSupported(kOldSystem);
    return need();
  }
  void forget_layout() {
    info_.reset();
    working_.clear();
    application_.reset();
    asked_layout_ = described_ = false;
  }
  [[nodiscard]] bool can_make_files() const {
    return version_.major == 0xC8 && version_.minor == 0x09;
  }
  CardKey card_key_of(const Key& key) {
    const auto card_key = need().card_key(key.ref);
    if (!card_key) throw ObjectNotFound("the key is no longer on the token");
    return *card_key;
  }

  Bytes use(const CardKey& card_key, Use use, BytesView block) {
    if (!card_key.folder.empty()) files_.select(card_key.folder);
    const Bytes key{0x83, 0x01, card_key.reference};
    Byte how = 0x41;
    if (card_key.restore) {
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
    const bool blank = application() == nullptr;
    const std::string old = can_make_files() ? std::string() : kOldSystem;
    const auto set = [&](std::initializer_list<Function> functions, const std::string& reason) {
      for (const Function function : functions)
        capabilities_.functions[function] = reason.empty()
                                                ? FunctionState{Availability::kNative, {}}
                                                : FunctionState{Availability::kUnavailable, reason};
    };
    const auto reason_of = [&](const std::string& reason) { return old.empty() ? reason : old; };
    const std::string no_writing = reason_of(blank ? kNotFormatted : application()->no_writing());
    set({Function::kChangeUserPin, Function::kChangeSoPin},
        blank ? kNotFormatted : application()->no_pin_change());
    set({Function::kGenerateKey, Function::kImportKey, Function::kWriteCertificate,
         Function::kWriteData, Function::kDeleteObject, Function::kChangeAttributes},
        no_writing);
    set({Function::kUnblockPin}, reason_of(blank ? kNotFormatted : application()->no_unblocking()));
    set({Function::kInitToken}, reason_of(blank ? std::string() : application()->no_format()));
    const bool writes = no_writing.empty();
    capabilities_.keeps_subjects = writes;
    capabilities_.keys = {{KeyType::kRsa, 512, 2048, writes, writes, {}}};
  }

  apdu::Card* card_;
  std::string manufacturer_, model_;
  Files files_;
  TokenInfo::Version version_;
  std::unique_ptr<Application> application_;
  bool asked_layout_ = false, described_ = false;
  std::map<ObjectRef, Use> working_;
  ObjectList nothing_;
  Bytes serial_;
  std::optional<TokenInfo> info_;
  Capabilities capabilities_;
};

}  // namespace

std::unique_ptr<Token> open(apdu::Card& card, const Profile& profile) {
  auto token = std::make_unique<CardOs>(card, profile);
  if (!token->present()) return nullptr;
  return token;
}

}  // namespace kilt::etoken::cardos
