#include "drivers/kaztoken/kaztoken.h"

#include <algorithm>

#include "drivers/kaztoken/file_system.h"
#include "drivers/kaztoken/pins.h"
#include "drivers/kaztoken/rsf.h"
#include "drivers/pkcs15/application.h"
#include "drivers/status.h"

namespace kilt::kaztoken {
namespace {

constexpr std::uint16_t kSerialTag = 0x0181;
constexpr Byte kSignTemplate = 0xB6;
constexpr Byte kDecipherTemplate = 0xB8;
constexpr std::size_t kRandomBlock = 256;
constexpr std::size_t kMaxRandom = 65536;

class Kaztoken : public Token {
 public:
  Kaztoken(apdu::Card& card, const Profile& profile)
      : card_(&card),
        manufacturer_(profile.manufacturer),
        model_(profile.model),
        files_(card),
        pins_(card),
        application_(files_, Bytes{0x50, 0x00}) {
    describe_capabilities();
  }

  void reset_state() noexcept override {
    pins_.forget();
    listed_ = false;
  }

  Bytes identity() override { return serial(); }

  TokenInfo info() override {
    if (!info_) info_ = read_info();
    return *info_;
  }

  const Capabilities& capabilities() override { return capabilities_; }
  PinStatus pin_status(PinRole role) override { return pins_.status(role); }

  void login(PinRole role, const SecureBytes& pin) override { pins_.verify(role, pin); }
  void logout() override { pins_.logout(); }

  const ObjectList& list() override {
    if (!listed_) {
      application_.load();
      listed_ = true;
    }
    return application_.objects();
  }
  PublicKey read_public_key(const ObjectRef& key) override {
    return application_.read_public_key(key);
  }
  Bytes read_certificate(const ObjectRef& ref) override {
    return application_.read_certificate(ref);
  }
  Bytes read_data(const ObjectRef& ref) override { return application_.read_data(ref); }

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
  void choose(const Key& key, Byte template_tag) {
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
    info.label = model_;
    if (const auto token = application_.read_token_info()) {
      if (!token->label.empty()) info.label = token->label;
    }
    return info;
  }

  void describe_capabilities() {
    capabilities_.sign = {SignScheme::kRsaRaw, SignScheme::kGost3410};
    capabilities_.decrypt = {DecryptScheme::kRsaRaw};
    for (const Function function : {Function::kSign, Function::kDecrypt, Function::kRandom})
      capabilities_.functions[function] = {Availability::kNative, {}};
    for (const Function function :
         {Function::kGenerateKey, Function::kImportKey, Function::kWriteCertificate,
          Function::kWriteData, Function::kDeleteObject, Function::kChangeAttributes,
          Function::kChangeUserPin, Function::kChangeSoPin, Function::kUnblockPin,
          Function::kInitToken})
      capabilities_.functions[function] = {
          Availability::kUnavailable, "not in this version: use the vendor's tool or pkcs15-init"};
    capabilities_.functions[Function::kDerive] = {
        Availability::kUnavailable, "the token agrees on GOST keys only, in an unpublished way"};
    capabilities_.keys = {{KeyType::kRsa, 512, 4096, false, false, {}},
                          {KeyType::kGost256, 256, 256, false, false, {}}};
  }

  apdu::Card* card_;
  std::string manufacturer_, model_;
  FileSystem files_;
  Pins pins_;
  pkcs15::Application application_;
  bool listed_ = false;
  Bytes serial_;
  std::optional<TokenInfo> info_;
  Capabilities capabilities_;
};

}  // namespace

std::unique_ptr<Token> open(apdu::Card& card, const Profile& profile) {
  return std::make_unique<Kaztoken>(card, profile);
}

}  // namespace kilt::kaztoken
