#include "drivers/etoken/cardos/aladdin_application.h"

#include <algorithm>

#include <fmt/format.h>

#include "apdu/tlv.h"
#include "drivers/crypto/des.h"
#include "drivers/crypto/hash.h"
#include "drivers/crypto/public_key.h"
#include "drivers/crypto/x509.h"
#include "drivers/status.h"

namespace kilt::etoken::cardos {
namespace {

const Bytes kApplication{0x66, 0x66};
const Bytes kCertificates{0x66, 0x66, 0x10, 0x02};
const Bytes kKeys{0x66, 0x66, 0x10, 0x01};
constexpr Byte kUserReference = 0x81, kSoReference = 0x85;
constexpr Byte kOnlyPublicKeyNumber = 0x03;
constexpr std::size_t kHeader = 4;  // 04 00, length with this header, little-endian
constexpr std::uint32_t kSequence = 0x30;
const char* const kNoWriting =
    "how objects are written on a token that Aladdin's software formatted is not public";
const char* const kNoUnblocking =
    "how the PIN is unblocked on a token that Aladdin's software formatted is not public";
const char* const kNoFormat =
    "how a token that Aladdin's software formatted is erased is not public";
const char* const kUnknownKey =
    "which key belongs to which certificate is not public where there are several";

class AladdinApplication : public Application {
 public:
  AladdinApplication(apdu::Card& card, Files& files) : card_(&card), files_(&files) {}

  const ObjectList& list() override {
    std::vector<std::uint16_t> certificates;
    try {
      certificates = files_->children(kCertificates);
    } catch (const Error& error) {
      if (!concerns_one_object(error)) throw;
      certificates.clear();
    }
    if (listed_ != certificates) {
      listed_ = certificates;
      read_objects();
    }
    return objects_;
  }
  Bytes read_certificate(const ObjectRef& ref) override {
    for (const Certificate& certificate : objects_.certificates)
      if (certificate.ref == ref) return *certificate.der;
    throw ObjectNotFound("no such certificate on the token");
  }
  Bytes read_data(const ObjectRef&) override {
    throw NotSupported("how this token keeps data objects is not public");
  }
  PublicKey read_public_key(const ObjectRef& ref) override {
    const auto key = std::ranges::find(objects_.keys, ref, &Key::ref);
    return key == objects_.keys.end() ? PublicKey{} : key->public_key;
  }
  std::optional<CardKey> card_key(const ObjectRef& ref) override {
    if (std::ranges::find(objects_.keys, ref, &Key::ref) == objects_.keys.end())
      return std::nullopt;
    return CardKey{kKeys, kOnlyPublicKeyNumber, false, true};
  }
  std::string label() override { return {}; }

  void login(PinRole role, const PinInput& pin) override {
    const SecureBytes key = derive_aladdin_key(pin.typed());
    files_->select(kApplication);
    const auto challenge = card_->send(apdu::get_challenge(apdu::Le{8}));
    expect_ok("GET CHALLENGE", challenge);
    if (challenge.data.size() != 8) throw MalformedAnswer("the challenge is not 8 bytes long");
    auto command =
        apdu::Command::case3(0x00, 0x82, 0x00, role == PinRole::kSo ? kSoReference : kUserReference,
                             crypto::des3_encrypt(key, challenge.data));
    command.privacy = apdu::Privacy::kSecret;
    const StatusWord sw = card_->send(command).sw;
    if (sw == sw::kAuthenticationFailed) throw WrongPin(std::nullopt);
    if (!sw.ok()) throw_pin_status("EXTERNAL AUTHENTICATE", sw);
  }
  void change_pin(PinRole, const PinInput&, const PinInput&) override {
    throw NotSupported(no_pin_change());
  }
  void init_user_pin(const SecureBytes&) override { throw NotSupported(kNoUnblocking); }
  ObjectRef write(const std::function<ObjectRef(pkcs15::Writer&)>&) override {
    throw NotSupported(kNoWriting);
  }
  PinStatus pin_status(PinRole) override {
    PinStatus status;
    status.max_length = 20;
    return status;
  }
  std::string no_pin_change() const override {
    return "how the PIN is changed on a token that Aladdin's software formatted is not public";
  }
  bool read_only() const noexcept override { return true; }
  std::string no_unblocking() const override { return kNoUnblocking; }
  std::string no_writing() override { return kNoWriting; }
  std::string no_format() const override { return kNoFormat; }

 private:
  void read_objects() {
    const std::uint64_t generation = objects_.generation + 1;
    objects_ = {};
    objects_.generation = objects_.changes = generation;
    for (const std::uint16_t id : *listed_) {
      try {
        add_certificate(id);
      } catch (const Error& problem) {
        if (!concerns_one_object(problem)) throw;
        objects_.odd.push_back({fmt::format("certificate {:04X}: {}", id, problem.what())});
      }
    }
    add_key();
  }
  void add_certificate(std::uint16_t id) {
    Bytes path = kCertificates;
    append(path, write_be(id, 2));
    files_->select(path);
    const Bytes header = files_->read(0, kHeader);
    if (header.size() != kHeader || header[0] != 0x04)
      throw MalformedAnswer("a file of unknown make");
    const std::size_t size = header[2] | (std::size_t{header[3]} << 8);
    if (size <= kHeader) throw MalformedAnswer("an empty file");
    const Bytes der = files_->read(kHeader, size - kHeader);
    const auto node = tlv::Reader(der).next();
    if (!node || node->tag != kSequence) throw MalformedAnswer("it holds no certificate");
    Certificate certificate;
    certificate.ref = write_be(id, 2);
    certificate.der = to_bytes(node->encoded);
    certificate.id = x509::key_identifier(*certificate.der);
    certificate.label = x509::common_name(*certificate.der);
    certificate.modifiable = false;
    objects_.certificates.push_back(std::move(certificate));
  }
  /// The only key number that is public, for the only certificate with an RSA key.
  void add_key() {
    std::vector<const Certificate*> with_keys;
    for (const Certificate& certificate : objects_.certificates)
      if (std::holds_alternative<RsaPublicKey>(x509::public_key(*certificate.der)))
        with_keys.push_back(&certificate);
    for (const Certificate* certificate : with_keys) {
      Key key;
      key.ref = certificate->ref;
      key.id = certificate->id;
      key.label = certificate->label;
      key.public_key = x509::public_key(*certificate->der);
      append(key.ref, key_mark(key.public_key));
      key.bits = static_cast<unsigned>(std::get<RsaPublicKey>(key.public_key).modulus.size() * 8);
      key.usage.sign = key.usage.decrypt = true;
      key.has_public = false;
      key.modifiable = false;
      if (with_keys.size() > 1) key.unusable_reason = kUnknownKey;
      objects_.keys.push_back(std::move(key));
    }
  }

  apdu::Card* card_;
  Files* files_;
  ObjectList objects_;
  std::optional<std::vector<std::uint16_t>> listed_;
};

Bytes md5(Byte first, BytesView rest) {
  Bytes input;
  input.reserve(rest.size() + 1);
  input.push_back(first);
  append(input, rest);
  return crypto::md5(input);
}

}  // namespace

SecureBytes derive_aladdin_key(const SecureBytes& pin) {
  Bytes hash = md5(0x00, pin.view());
  append(hash, md5(0x01, pin.view()));
  constexpr std::size_t kKey = 24, kBitsPerByte = 7;
  Bytes key(kKey, 0x00);
  for (std::size_t bit = 0; bit < kKey * kBitsPerByte; ++bit) {
    const unsigned value = (unsigned{hash[bit / 8]} >> (bit % 8)) & 1U;
    key[bit / kBitsPerByte] =
        static_cast<Byte>(key[bit / kBitsPerByte] | (value << (bit % kBitsPerByte)));
  }
  return SecureBytes(std::move(key));
}

std::unique_ptr<Application> open_aladdin(apdu::Card& card, Files& files) {
  if (!files.exists(kApplication)) return nullptr;
  return std::make_unique<AladdinApplication>(card, files);
}

}  // namespace kilt::etoken::cardos
