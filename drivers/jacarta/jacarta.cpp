#include "drivers/jacarta/jacarta.h"

#include <algorithm>
#include <functional>

#include "drivers/crypto.h"
#include "drivers/jacarta/catalog.h"
#include "drivers/jacarta/format.h"
#include "drivers/jacarta/objects.h"
#include "drivers/jacarta/pins.h"
#include "drivers/jacarta/rsa_key.h"
#include "drivers/jacarta/store.h"
#include "drivers/jacarta/token_info.h"
#include "drivers/status.h"
#include "drivers/stored_token.h"

namespace kilt::jacarta {
namespace {

constexpr Byte kOwnClass = 0x80;
constexpr std::uint16_t kSerialTag = 0x0114, kFreeMemoryTag = 0x0111;
constexpr std::size_t kSerialSize = 8, kFreeMemorySize = 4;
constexpr std::size_t kRandomBlock = 32, kMaxRandom = 65536;
constexpr std::size_t kSignaturePadding = 11;

apdu::Response get_data(apdu::Card& card, std::uint16_t tag) {
  return card.send(apdu::Command::case2(kOwnClass, 0xCB, static_cast<Byte>(tag >> 8),
                                        static_cast<Byte>(tag & 0xFF), apdu::kLeShortMax));
}

class JaCarta : public StoredToken<JaCarta> {
 public:
  JaCarta(apdu::Card& card, const Profile& profile)
      : card_(&card),
        manufacturer_(profile.manufacturer),
        model_(profile.model),
        files_(card),
        pins_(files_),
        catalog_(files_, {[this](const ChangeCounters& now) {
                            return cache::load(subject(mark(now))).value_or(cache::Files{});
                          },
                          [this](const ChangeCounters& now, const cache::Files& files) {
                            cache::store(subject(mark(now)), files);
                          }}) {
    describe_capabilities();
  }

  bool select_applet() { return files_.select_applet(); }

  void reset_state() noexcept override {
    files_.forget();
    pins_.forget();
    catalog_.forget();
  }

  /// One change of the token's objects, on what is there now. After an error nothing that was read
  /// counts any longer.
  ObjectRef write(const std::function<ObjectRef(Store&)>& work) {
    list();
    try {
      Store store(files_, catalog_, objects_);
      return work(store);
    } catch (...) {
      catalog_.forget();
      throw;
    }
  }

  Bytes identity() override {
    if (serial_.empty()) serial_ = read_serial();
    return serial_;
  }

  TokenInfo info() override {
    if (!info_) info_ = read_info();
    return *info_;
  }

  const Capabilities& capabilities() override { return capabilities_; }

  PinStatus pin_status(PinRole role) override {
    PinStatus status = pins_.status(role);
    if (role == PinRole::kUser) {
      static_cast<void>(info());
      status.initialized = status.initialized && user_pin_set_;
    }
    return status;
  }

  void login(PinRole role, const SecureBytes& pin) override { pins_.verify(role, pin); }

  void logout() override {
    catalog_.drop_private();
    pins_.logout();
  }

  const ObjectList& list() override {
    if (catalog_.refresh(user_logged_in())) {
      const auto generation = objects_.list.generation;
      objects_ = interpret(catalog_, [&](const FilePath& path) {
        return user_logged_in() ? read_public_half(files_, path) : PublicKey{};
      });
      objects_.list.generation = generation + 1;
    }
    return objects_.list;
  }

  PublicKey read_public_key(const ObjectRef& key) override {
    const auto places = objects_.keys.find(key);
    if (places == objects_.keys.end()) throw ObjectNotFound("the key is no longer on the token");
    return read_public_half(files_, places->second.private_file ? places->second.private_key()
                                                                : places->second.public_key());
  }
  Bytes read_certificate(const ObjectRef& ref) override {
    return value_of(objects_.certificates, ref);
  }
  Bytes read_data(const ObjectRef& ref) override { return value_of(objects_.data, ref); }

  Bytes sign(const Key& key, SignScheme scheme, Hash, BytesView input) override {
    const FilePath path = private_key(key);
    if (scheme == SignScheme::kRsaRaw) return private_operation(files_, path, input);
    if (scheme != SignScheme::kRsaPkcs1)
      throw NotSupported("the token signs RSA blocks and PKCS#1 v1.5 data only");
    if (input.size() + kSignaturePadding > key.bits / 8)
      throw InvalidData("too much data for a PKCS#1 signature");
    return sign_padded(files_, path, input);
  }

  SecureBytes decrypt(const Key& key, DecryptScheme scheme, Hash, BytesView cryptogram) override {
    const FilePath path = private_key(key);
    switch (scheme) {
      case DecryptScheme::kRsaRaw:
        return SecureBytes(private_operation(files_, path, cryptogram));
      case DecryptScheme::kRsaPkcs1:
        return decipher_padded(files_, path, cryptogram);
      default:
        throw NotSupported("the token does not strip OAEP; the host does");
    }
  }

  void change_pin(PinRole role, const SecureBytes& old_pin, const SecureBytes& new_pin) override {
    pins_.change(role, old_pin, new_pin, [&] { tell_pin_change(); });
  }

  void init_user_pin(const SecureBytes& new_pin) override {
    if (pin_status(PinRole::kUser).initialized) {
      pins_.unblock_user_pin(new_pin);
      tell_pin_change();
      return;
    }
    check_first_pin(new_pin);
    catalog_.forget();
    set_first_user_pin(files_, new_pin);
    forget_description();
  }

  void format(const FormatRequest& request) override {
    const TokenNames names{manufacturer_, model_, identity()};
    catalog_.forget();
    forget_description();
    jacarta::format(files_, pins_, names, request);
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
  /// The counters start anew when other software formats a token; its description then is another.
  std::string mark(const ChangeCounters& now) {
    static_cast<void>(info());
    return description_mark_.empty() ? std::string() : description_mark_ + to_hex(now.stamp());
  }
  /// Views of `mark` and of this object.
  cache::Subject subject(const std::string& mark) {
    if (serial_.empty()) serial_ = read_serial();
    return {"jacarta", serial_, mark};
  }

  [[nodiscard]] bool user_logged_in() const { return pins_.logged_in() == PinRole::kUser; }

  Bytes value_of(const std::map<ObjectRef, FilePath>& places, const ObjectRef& ref) {
    if (const auto known = places.find(ref);
        known == places.end() || catalog_.find(known->second) == nullptr)
      list();  // a reset has made us forget
    const auto place = places.find(ref);
    const StoredFile* file = place == places.end() ? nullptr : catalog_.find(place->second);
    if (file == nullptr) throw ObjectNotFound("the object is no longer on the token");
    if (file->state == StoredFile::State::kLocked) throw NotLoggedIn();
    return file->object.value(attribute::kValue);
  }

  FilePath private_key(const Key& key) {
    const auto places = objects_.keys.find(key.ref);
    if (places == objects_.keys.end() || !places->second.private_file)
      throw ObjectNotFound("the key is no longer on the token");
    return places->second.private_key();
  }

  /// Other programs notice by a counter; the change itself is done, so a refusal does not count.
  void tell_pin_change() {
    try {
      raise_pin_freshness(files_);
    } catch (const CardFault&) {
      return;
    } catch (const ObjectNotFound&) {
      return;
    } catch (const NotLoggedIn&) {
      return;
    }
  }

  static void check_first_pin(const SecureBytes& pin) {
    if (pin.size() < kMinPin || pin.size() > kMaxPin)
      throw PinLength("the user PIN of this token has 4 to 16 characters");
  }

  void forget_description() {
    info_.reset();
    pins_.forget_status();
  }

  Bytes read_serial() {
    const auto answer = get_data(*card_, kSerialTag);
    if (answer.ok() && answer.data.size() == kSerialSize) return answer.data;
    // A card that Athena's software made: the minidriver's card id, behind its length.
    files_.select(kCardIdPath);
    Bytes id;
    files_.read_on(id, 16);
    if (id.size() < 16) throw MalformedAnswer("the token tells no serial number");
    return {id.begin() + 8, id.begin() + 16};
  }

  TokenInfo read_info() {
    TokenInfo info;
    info.family = "jacarta";
    info.manufacturer = manufacturer_;
    info.model = info.label = model_;
    info.serial = to_hex(identity());
    info.has_random = true;
    user_pin_set_ = false;
    description_mark_.clear();
    try {
      const Bytes bytes = read_token_info(files_);
      const TokenInfoFile file = TokenInfoFile::parse(bytes);
      description_mark_ = to_hex(crypto::sha1(bytes));
      if (!file.label.empty()) info.label = file.label;
      if (!file.manufacturer.empty()) info.manufacturer = file.manufacturer;
      if (!file.model.empty()) info.model = file.model;
      info.hardware = {file.hardware_major, file.hardware_minor};
      info.firmware = {file.firmware_major, file.firmware_minor};
      user_pin_set_ = (file.flags & TokenInfoFile::kUserPinSet) != 0;
    } catch (const ObjectNotFound&) {
      info.initialized = false;  // blank
    } catch (const MalformedAnswer&) {
      info.initialized = false;
    }
    const auto memory = get_data(*card_, kFreeMemoryTag);
    if (memory.ok() && memory.data.size() == kFreeMemorySize)
      info.memory_free = read_be(memory.data);
    return info;
  }

  void describe_capabilities() {
    capabilities_.sign = {SignScheme::kRsaPkcs1, SignScheme::kRsaRaw};
    capabilities_.decrypt = {DecryptScheme::kRsaRaw, DecryptScheme::kRsaPkcs1};
    for (const Function function :
         {Function::kSign, Function::kDecrypt, Function::kRandom, Function::kGenerateKey,
          Function::kImportKey, Function::kWriteCertificate, Function::kWriteData,
          Function::kDeleteObject, Function::kChangeAttributes, Function::kChangeUserPin,
          Function::kChangeSoPin, Function::kUnblockPin, Function::kInitToken})
      capabilities_.functions[function] = {Availability::kNative, {}};
    capabilities_.functions[Function::kDerive] = {
        Availability::kUnavailable,
        "the token's EC keys are used in a way that nobody has published"};
    capabilities_.keys = {{KeyType::kRsa, 1024, 4096, true, true, {}}};
  }

  apdu::Card* card_;
  std::string manufacturer_, model_;
  FileSystem files_;
  Pins pins_;
  Catalog catalog_;
  TokenObjects objects_;
  bool user_pin_set_ = true;
  Bytes serial_;
  std::optional<TokenInfo> info_;
  std::string description_mark_;  ///< empty: the token has no description
  Capabilities capabilities_;
};

}  // namespace

std::unique_ptr<Token> open(apdu::Card& card, const Profile& profile) {
  auto token = std::make_unique<JaCarta>(card, profile);
  if (!token->select_applet()) return nullptr;
  return token;
}

std::unique_ptr<Token> probe(apdu::Card& card, const ProfileSet& profiles) {
  const Profile* profile = profiles.find("jacarta");
  return profile == nullptr ? nullptr : open(card, *profile);
}

}  // namespace kilt::jacarta
