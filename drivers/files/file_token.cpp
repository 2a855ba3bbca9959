#include "drivers/files/file_token.h"

#include <thread>

#include "drivers/cache.h"
#include "drivers/crypto/gost_curve.h"
#include "drivers/crypto/hash.h"
#include "drivers/crypto/x509.h"
#include "drivers/errors.h"
#include "drivers/files/file_name.h"
#include "drivers/files/file_objects.h"
#include "drivers/files/key_file.h"
#include "drivers/files/signing.h"

namespace kilt::files {
namespace {

const char* const kFamily = "files";
const char* const kFree = "a free place: a token is made here by C_InitToken or kilt init";

class FileToken : public Token {
 public:
  explicit FileToken(std::shared_ptr<FileLocation> location) : location_(std::move(location)) {
    capabilities_ = file_capabilities(!location_->file());
    if (const auto file = location_->file()) bind(*file);
  }

  /// Another program changed the file: what was known of it is gone. Throws CardReset then.
  void look_at_file() {
    if (!file_) return;
    if (!file_->changed()) return;
    reset_state();
    file_->read();
    remember_certificates();
    throw CardReset();
  }

  void reset_state() noexcept override {
    if (file_) file_->close();
    changed();
  }
  Bytes identity() override {
    return file_ ? to_bytes(file_->path().string()) : to_bytes(location_->folder().string());
  }
  [[nodiscard]] std::string profile_name() const override { return {}; }

  TokenInfo info() override {
    TokenInfo info;
    info.family = kFamily;
    info.manufacturer = "PKCS#12";
    info.model = "PKCS#12 file";
    info.initialized = file_.has_value();
    if (!file_) {
      info.label = "";
      info.serial = serial_of(location_->folder().string());
      return info;
    }
    info.label = name_.label;
    if (!owner_.empty()) info.label = owner_;
    // The CA's own number of the key, where the name has it.
    info.serial = name_.key_id.empty() ? serial_of(file_->path().string())
                                       : to_hex(BytesView(name_.key_id).first(8));
    info.write_protected = !why_read_only(file_->path()).empty();
    return info;
  }
  const Capabilities& capabilities() override { return capabilities_; }
  PinStatus pin_status(PinRole role) override {
    PinStatus status;
    status.initialized = file_.has_value();
    status.min_length = 1;
    status.max_length = 255;
    status.verifiable = role == PinRole::kUser || file_;
    return status;
  }
  void forget_pin_status() noexcept override {}  // nothing counts

  void login(PinRole, const PinInput& pin) override {
    KeyFile& file = opened();
    std::this_thread::sleep_for(location_->delay());
    try {
      file.open(pin.typed());
    } catch (const crypto::WrongPassword&) {
      location_->note_wrong();
      throw WrongPin(std::nullopt);
    }
    location_->note_right();
    changed();
    remember_certificates();
  }
  void logout() override {
    if (file_) file_->close();
    changed();
  }

  const ObjectList& list() override {
    if (stale_) {
      objects_ = file_ && file_->is_open() ? list_container(file_->container())
                                           : list_certificates(certificates_);
      objects_.generation = ++generation_;
      stale_ = false;
    }
    return objects_;
  }
  const ObjectList* remembered_list() override { return nullptr; }
  PublicKey read_public_key(const ObjectRef& key) override {
    const auto* bag = find_bag(opened().container(), key);
    return bag != nullptr && bag->key ? bag->key->public_key() : PublicKey{};
  }
  Bytes read_certificate(const ObjectRef& ref) override {
    for (const Certificate& certificate : list().certificates)
      if (certificate.ref == ref) return *certificate.der;
    throw ObjectNotFound("the certificate is no longer in the file");
  }
  Bytes read_data(const ObjectRef&) override {
    throw ObjectNotFound("a PKCS#12 file holds no data objects");
  }

  Bytes sign(const Key& key, SignScheme scheme, Hash, BytesView input) override {
    return sign_with(private_key(key), scheme, input);
  }
  SecureBytes decrypt(const Key& key, DecryptScheme scheme, Hash, BytesView cryptogram) override {
    if (scheme != DecryptScheme::kRsaRaw) throw NotSupported("the host strips the padding itself");
    return private_key(key).decrypt(cryptogram);
  }

  ObjectRef generate_key(const KeySpec& spec) override { return add_key(spec, make_key(spec)); }
  ObjectRef import_key(const KeySpec& spec, const PrivateKey& key) override {
    return add_key(spec, key_from(spec, key));
  }
  ObjectRef write_certificate(const Certificate& certificate, BytesView der) override {
    auto& container = opened().container();
    const std::string name =
        certificate.label.empty() ? name_of(certificate.id) : certificate.label;
    container.add_certificate(der, certificate.id, name);
    save();
    return last_reference(crypto::Pkcs12Bag::Kind::kCertificate, der);
  }
  void change_key(const ObjectRef& ref, const ObjectChange& change) override {
    rename(ref, change);
  }
  void change_certificate(const ObjectRef& ref, const ObjectChange& change) override {
    rename(ref, change);
  }
  void delete_key(const ObjectRef& ref, KeyHalf half) override {
    if (half == KeyHalf::kPublic) throw ObjectNotFound("a file holds no public half of its own");
    remove(ref);
  }
  void delete_certificate(const ObjectRef& ref) override { remove(ref); }

  void change_pin(PinRole, const PinInput& old_pin, const PinInput& new_pin) override {
    KeyFile& file = opened();
    std::this_thread::sleep_for(location_->delay());
    if (!file.opens_with(old_pin.typed())) {
      location_->note_wrong();
      throw WrongPin(std::nullopt);
    }
    const bool was_open = file.is_open();
    if (!was_open) file.open(old_pin.typed());
    try {
      file.save(&new_pin.typed());
    } catch (...) {
      if (!was_open) file.close();
      throw;
    }
    if (!was_open) file.close();
    changed();
  }
  /// The file has one password: the user's. Who opened it as SO gives it the user's.
  void init_user_pin(const SecureBytes& new_pin) override {
    static_cast<void>(opened().container());
    file_->save(&new_pin);
    changed();
  }
  void format(const FormatRequest& request) override {
    if (file_)
      throw NotSupported(
          "a file that holds keys is not erased: delete it yourself, or make a new one in a free "
          "place of its folder");
    const SecureBytes& password = request.user_pin.empty() ? request.so_pin : request.user_pin;
    if (password.empty()) throw PinLength("a new file needs a password");
    std::string label = request.label;
    while (!label.empty() && label.back() == ' ') label.pop_back();
    const std::filesystem::path path = location_->folder() / name_for(label);
    create_file(path, crypto::Pkcs12().write(crypto::Password(password.view())));
    location_->take(path);
    bind(path);
    capabilities_ = file_capabilities(false);
    changed();
  }

 private:
  void bind(const std::filesystem::path& path) {
    file_.emplace(path);
    file_->read();
    name_ = read_name(path);
    remember_certificates();
  }
  KeyFile& opened() {
    if (!file_) throw NotSupported(kFree);
    return *file_;
  }
  void changed() noexcept { stale_ = true; }

  static std::string serial_of(const std::string& path) {
    return to_hex(BytesView(crypto::digest(Hash::kSha256, to_bytes(path))).first(8));
  }
  static std::string name_of(const Bytes& id) {
    std::string name = to_hex(id);
    for (char& c : name)
      if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    return name;
  }

  const crypto::HostKey& private_key(const Key& key) {
    const auto* bag = find_bag(opened().container(), key.ref);
    if (bag == nullptr) throw ObjectNotFound("the key is no longer in the file");
    if (!bag->key) throw NotSupported(bag->unusable_reason);
    return *bag->key;
  }

  ObjectRef add_key(const KeySpec& spec, const std::shared_ptr<crypto::HostKey>& key) {
    auto& container = opened().container();
    const Bytes id = spec.id.empty() ? ca_key_id(key->public_key()) : spec.id;
    container.add_key(key, id, spec.label.empty() ? name_of(id) : spec.label);
    const SecureBytes info = key->private_key_info();
    save();
    return last_reference(crypto::Pkcs12Bag::Kind::kKey, info.view());
  }
  /// The reference of the object just written.
  ObjectRef last_reference(crypto::Pkcs12Bag::Kind kind, BytesView contents) {
    const auto& objects = list();
    if (kind == crypto::Pkcs12Bag::Kind::kCertificate) {
      for (const Certificate& certificate : objects.certificates)
        if (equal(*certificate.der, contents)) return certificate.ref;
    } else {
      for (const Key& key : objects.keys) {
        const auto* bag = find_bag(opened().container(), key.ref);
        if (bag != nullptr && equal(bag->secret.view(), contents)) return key.ref;
      }
    }
    throw ObjectNotFound("the object is not in the file");
  }
  void rename(const ObjectRef& ref, const ObjectChange& change) {
    auto* bag = find_bag(opened().container(), ref);
    if (bag == nullptr) throw ObjectNotFound("the object is no longer in the file");
    const Bytes id = change.id.value_or(bag->local_key_id);
    bag->set_names(id, change.label.value_or(bag->friendly_name));
    save();
  }
  void remove(const ObjectRef& ref) {
    auto& bags = opened().container().bags();
    const auto* bag = find_bag(opened().container(), ref);
    if (bag == nullptr) throw ObjectNotFound("the object is no longer in the file");
    bags.erase(bags.begin() + (bag - bags.data()));
    save();
  }
  void save() {
    changed();
    file_->save();
    remember_certificates();
  }

  // Certificates are under the password too; once seen, they are public enough to be remembered
  // (design decision 16), by what the file holds and no other mark.
  [[nodiscard]] cache::CacheKey cache_key(const std::string& mark) const {
    return {kFamily, serial_bytes_, mark};
  }
  void remember_certificates() {
    serial_bytes_ = crypto::sha1(to_bytes(file_->path().string()));
    const std::string mark = to_hex(file_->digest());
    certificates_.clear();
    if (file_->is_open()) {
      certificates_ = list_container(file_->container()).certificates;
      cache::Files files;
      for (const Certificate& certificate : certificates_) {
        Bytes name = certificate.ref;
        append(name, certificate.id);
        files.emplace(std::move(name), *certificate.der);
      }
      cache::store(cache_key(mark), files);
    } else if (const auto files = cache::load(cache_key(mark))) {
      for (const auto& [name, der] : *files) add_remembered(name, der);
    }
    owner_.clear();
    for (const Certificate& certificate : certificates_)
      if (!certificate.authority) owner_ = x509::common_name(*certificate.der);
    changed();
  }
  void add_remembered(const Bytes& name, const Bytes& der) {
    constexpr std::size_t kReference = 33;
    if (name.size() < kReference || !x509::is_certificate(der)) return;
    Certificate certificate;
    certificate.ref = to_bytes(BytesView(name).first(kReference));
    certificate.id = to_bytes(BytesView(name).subspan(kReference));
    certificate.label = x509::common_name(der);
    certificate.der = der;
    certificates_.push_back(std::move(certificate));
  }

  std::shared_ptr<FileLocation> location_;
  std::optional<KeyFile> file_;
  FileName name_;
  std::string owner_;
  Capabilities capabilities_;
  Bytes serial_bytes_;
  std::vector<Certificate> certificates_;
  ObjectList objects_;
  std::uint64_t generation_ = 0;
  bool stale_ = true;
};

class OpenedFile : public OpenedToken {
 public:
  explicit OpenedFile(std::shared_ptr<FileLocation> location) : token_(std::move(location)) {}
  [[nodiscard]] Token& token() noexcept override { return token_; }
  [[nodiscard]] const Profile* profile() const noexcept override { return nullptr; }
  void begin() override { token_.look_at_file(); }
  void end() noexcept override {}
  void abandon() noexcept override {}

 private:
  FileToken token_;
};

}  // namespace

std::unique_ptr<OpenedToken> open_file_token(std::shared_ptr<FileLocation> location) {
  return std::make_unique<OpenedFile>(std::move(location));
}

}  // namespace kilt::files
