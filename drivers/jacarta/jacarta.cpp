#include "drivers/jacarta/jacarta.h"

#include <algorithm>
#include <functional>

#include "drivers/challenge.h"
#include "drivers/crypto/hash.h"
#include "drivers/jacarta/file_cache.h"
#include "drivers/jacarta/format.h"
#include "drivers/jacarta/keys.h"
#include "drivers/jacarta/objects.h"
#include "drivers/jacarta/pins.h"
#include "drivers/jacarta/token_info.h"
#include "drivers/jacarta/writer.h"
#include "drivers/logout.h"
#include "drivers/serial_number.h"
#include "drivers/status.h"
#include "drivers/writable_token.h"

namespace kilt::jacarta {
namespace {

constexpr Byte kOwnClass = 0x80;
constexpr FileId kMasterFile = 0x3F00;
constexpr std::uint16_t kSerialTag = 0x0114, kFreeMemoryTag = 0x0111;
constexpr std::size_t kSerialSize = 8, kFreeMemorySize = 4;
constexpr std::size_t kSignaturePadding = 11;

apdu::Response get_data(apdu::Card& card, std::uint16_t tag) {
  return card.send(apdu::Command::case2(kOwnClass, 0xCB, static_cast<Byte>(tag >> 8),
                                        static_cast<Byte>(tag & 0xFF), apdu::kLeShortMax));
}

class JaCarta : public WritableToken<JaCarta> {
 public:
  JaCarta(apdu::Card& card, const Profile& profile)
      : card_(&card),
        manufacturer_(profile.manufacturer),
        model_(profile.model),
        files_(card),
        pins_(files_),
        file_cache_(files_, {[this](const ChangeCounters& now) {
                               const std::string mark = cache_mark(now);
                               return cache::load(cache_key(mark)).value_or(cache::Files{});
                             },
                             [this](const ChangeCounters& now, const cache::Files& files) {
                               const std::string mark = cache_mark(now);
                               cache::store(cache_key(mark), files);
                             }}) {
    describe_capabilities();
  }

  bool select_applet() { return files_.select_applet(); }
  /// Other cards say 9000 to any name; this one has a serial number of a fixed length too.
  bool tells_serial() {
    const auto answer = get_data(*card_, kSerialTag);
    if (!answer.ok() || answer.data.size() != kSerialSize) return false;
    serial_ = answer.data;
    return true;
  }
  /// Where the ATR fits, a description of the master file in the applet's own class will do.
  bool describes_master_file() {
    try {
      return files_.fcp({}).id == kMasterFile;
    } catch (const Error& error) {
      if (!concerns_one_object(error)) throw;
      return false;
    }
  }

  void reset_state() noexcept override {
    files_.forget();
    pins_.forget();
    file_cache_.forget();
    serial_.clear();
  }

  /// One change of the token's objects, on what is there now. After an error nothing that was read
  /// counts any longer.
  ObjectRef write(const std::function<ObjectRef(Writer&)>& work) {
    list();
    try {
      Writer writer(files_, file_cache_, objects_);
      return work(writer);
    } catch (...) {
      file_cache_.forget();
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

  void forget_pin_status() noexcept override { pins_.forget_status(); }
  void login(PinRole role, const PinInput& pin) override {
    pins_.verify(role, pin.typed());
    file_cache_.logged_in();
  }

  void logout() override {
    file_cache_.drop_private();
    if (!log_out_by(*card_, [&] { pins_.logout(); })) reset_state();
  }

  const ObjectList& list() override {
    // The size of a key without its public file is the user's to read only.
    const bool measure = user_logged_in() && !measured_ &&
                         std::ranges::count(objects_.list.keys, 0U, &Key::bits) != 0;
    if (file_cache_.refresh(user_logged_in()) || measure) {
      measured_ = user_logged_in();
      const auto generation = objects_.list.generation;
      objects_ = list_objects(file_cache_, [&](const FilePath& path) {
        return user_logged_in() ? public_half_if_readable(path) : PublicKey{};
      });
      objects_.list.generation = generation + 1;
      objects_.list.changes = file_cache_.changes();
    }
    return objects_.list;
  }

  PublicKey read_public_key(const ObjectRef& key) override {
    const auto key_files = objects_.keys.find(key);
    if (key_files == objects_.keys.end()) throw ObjectNotFound("the key is no longer on the token");
    return read_public_half(files_, key_files->second.private_file
                                        ? key_files->second.private_key()
                                        : key_files->second.public_key());
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

  void change_pin(PinRole role, const PinInput& old_pin, const PinInput& new_pin) override {
    pins_.change(role, old_pin.typed(), new_pin.typed(), [&] { tell_pin_change(); });
  }

  void init_user_pin(const SecureBytes& new_pin) override {
    if (pin_status(PinRole::kUser).initialized) {
      pins_.unblock_user_pin(new_pin);
      tell_pin_change();
      return;
    }
    check_first_pin(new_pin);
    file_cache_.forget();
    set_first_user_pin(files_, new_pin);
    forget_description();
  }

  void format(const FormatRequest& request) override {
    const TokenNames names{manufacturer_, model_, identity()};
    file_cache_.forget();
    forget_description();
    jacarta::format(files_, pins_, names, request);
  }

  Bytes random(std::size_t size) override { return random_bytes(*card_, size); }

 private:
  /// The counters start anew when other software formats a token; its description then is another.
  std::string mark(const ChangeCounters& now) {
    static_cast<void>(info());
    return description_mark_.empty() ? std::string() : description_mark_ + to_hex(now.stamp());
  }
  /// A token without a serial number is not remembered.
  std::string cache_mark(const ChangeCounters& now) {
    return identity_if_told(*this).empty() ? std::string() : mark(now);
  }
  /// Views of `mark` and of this object.
  cache::CacheKey cache_key(const std::string& mark) { return {"jacarta", serial_, mark}; }

  [[nodiscard]] bool user_logged_in() const { return pins_.logged_in() == PinRole::kUser; }

  Bytes value_of(const std::map<ObjectRef, FilePath>& paths, const ObjectRef& ref) {
    if (const auto known = paths.find(ref);
        known == paths.end() || file_cache_.find(known->second) == nullptr)
      list();  // a reset has made us forget
    const auto place = paths.find(ref);
    const StoredFile* file = place == paths.end() ? nullptr : file_cache_.find(place->second);
    if (file == nullptr) throw ObjectNotFound("the object is no longer on the token");
    if (file->state == StoredFile::State::kLocked) throw NotLoggedIn();
    return file->object.value(attribute::kValue);
  }

  PublicKey public_half_if_readable(const FilePath& path) {
    try {
      return read_public_half(files_, path);
    } catch (const Error& error) {
      if (!concerns_one_object(error)) throw;
      return std::monostate{};
    }
  }

  FilePath private_key(const Key& key) {
    const auto key_files = objects_.keys.find(key.ref);
    if (key_files == objects_.keys.end() || !key_files->second.private_file)
      throw ObjectNotFound("the key is no longer on the token");
    return key_files->second.private_key();
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
    info.serial = to_hex(identity_if_told(*this));
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
    } catch (const Error& error) {
      if (!concerns_one_object(error)) throw;
      user_pin_set_ = true;  // nothing says that it is not
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
    capabilities_.keeps_subjects = true;
    capabilities_.keys = {{KeyType::kRsa, 1024, 4096, true, true, {}}};
  }

  apdu::Card* card_;
  std::string manufacturer_, model_;
  Files files_;
  Pins pins_;
  FileCache file_cache_;
  TokenObjects objects_;
  bool measured_ = false;  ///< objects_ was made while the user was logged in
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
  if (!token->tells_serial() && !token->describes_master_file()) return nullptr;
  return token;
}

std::unique_ptr<Token> probe(apdu::Card& card, const ProfileSet& profiles) {
  const Profile* profile = profiles.find("jacarta");
  if (profile == nullptr) return nullptr;
  auto token = std::make_unique<JaCarta>(card, *profile);
  if (!token->select_applet() || !token->tells_serial()) return nullptr;
  return token;
}

}  // namespace kilt::jacarta
