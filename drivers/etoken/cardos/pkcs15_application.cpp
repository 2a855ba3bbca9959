#include "drivers/etoken/cardos/pkcs15_application.h"

#include <algorithm>

#include "apdu/pin_pad.h"
#include "drivers/etoken/cardos/format.h"
#include "drivers/etoken/cardos/key_writer.h"
#include "drivers/pkcs15/cached_objects.h"
#include "drivers/pkcs15/encode.h"
#include "drivers/pkcs15/user_pin.h"
#include "drivers/status.h"

namespace kilt::etoken::cardos {
namespace {

const char* const kOnePin =
    "the token has one PIN and no administrator: it is unblocked with its PUK (pkcs15-tool "
    "--unblock-pin) and erased by pkcs15-init --erase-card";
const char* const kUnreadPins =
    "the token's directory of PINs cannot be read: which PIN is the user's is not known, and a "
    "guess "
    "could spend a try of another one";
/// pinType ascii-numeric and utf8: the block is the PIN itself.
constexpr std::initializer_list<unsigned> kForms{1, 2};
const char* const kForeignDirectories =
    "the token's directories are the administrator's to change: OpenSC formats so without its "
    "option onepin; pkcs15-init writes to it with both PINs";

class Pkcs15Application : public Application {
 public:
  Pkcs15Application(apdu::Card& card, Files& files, Bytes serial)
      : card_(&card),
        files_(&files),
        allocation_(file_allocation()),
        serial_(std::move(serial)),
        objects_(files, allocation_.layout.base,
                 allocation_.layout.file(allocation_.layout.journal)) {
    objects_.set_usual_directories(allocation_.layout.odf_entries());
  }

  bool load() {
    if (!cached_.refresh()) return false;
    if (listed_ != objects_.list().generation) {
      listed_ = objects_.list().generation;
      foreign_.reset();
      read_pins();
      cached_.save();
    }
    return true;
  }

  const ObjectList& list() override {
    load();
    return objects_.list();
  }
  const ObjectList* remembered_list() override {
    return cached_.remembers() && listed_ == objects_.list().generation ? &objects_.list()
                                                                        : nullptr;
  }
  Bytes read_certificate(const ObjectRef& ref) override { return cached_.read_certificate(ref); }
  Bytes read_data(const ObjectRef& ref) override { return cached_.read_data(ref); }
  PublicKey read_public_key(const ObjectRef& ref) override { return cached_.read_public_key(ref); }
  std::optional<CardKey> card_key(const ObjectRef& ref) override {
    const pkcs15::KeyEntry* entry = objects_.private_entry(ref);
    if (entry == nullptr) return std::nullopt;
    CardKey card_key;
    card_key.folder = entry->path.file.empty() ? application_folder() : entry->path.file;
    card_key.reference = entry->reference;
    card_key.signs = signs_only(entry->usage);
    return card_key;
  }
  std::string label() override {
    const auto info = objects_.read_token_info();
    const std::string label = info ? info->label : std::string();
    // Which of the PINs is meant must be seen where it is asked for.
    return user_pin_.label.empty() ? label : label + " (" + user_pin_.label + ")";
  }

  void login(PinRole role, const PinInput& pin) override {
    const pkcs15::PinEntry& entry = need(role);
    auto command = header(0x20, entry);
    if (!pin.is_at_reader()) command.data = block(entry, pin.typed());
    files_->select(folder(entry));
    judge(role, "VERIFY",
          pin.is_at_reader() ? apdu::verify_at_pad(*card_, command, pad_format(entry)).sw
                             : card_->send(command).sw);
  }
  void change_pin(PinRole role, const PinInput& old_pin, const PinInput& new_pin) override {
    const pkcs15::PinEntry& entry = need(role);
    auto command = header(0x24, entry);
    if (!new_pin.is_at_reader()) {
      if (new_pin.typed().size() < entry.min_length)
        throw PinLength("the new PIN is shorter than the token takes");
      command.data.reserve(2 * stored(entry));  // a secret is not copied about
      append(command.data, block(entry, old_pin.typed()));
      append(command.data, block(entry, new_pin.typed()));
    }
    files_->select(folder(entry));
    judge(role, "CHANGE REFERENCE DATA",
          new_pin.is_at_reader() ? apdu::modify_at_pad(*card_, command, pad_format(entry)).sw
                                 : card_->send(command).sw);
  }
  // The AODF is the SO's to write, which proves him before a PIN is made that the card would let
  // anybody make.
  void init_user_pin(const SecureBytes& new_pin) override {
    if (find(PinRole::kSo) == nullptr) throw NotSupported(kOnePin);
    if (new_pin.size() < kMinUserPin || new_pin.size() > kPinSize)
      throw PinLength("the user PIN of this token has 4 to 8 characters");
    files_->start_writing();
    const pkcs15::PinEntry* entry = find(PinRole::kUser);
    const pkcs15::PinEntry user = entry != nullptr ? *entry : user_pin_entry();
    if (entry == nullptr) {
      pkcs15::Editor editor(*files_, allocation_.layout);
      editor.recover();
      editor.entries(pkcs15::DirectoryKind::kAuthObjects).push_back(pkcs15::encode_pin(user));
      editor.commit();
    }
    const Byte so = find(PinRole::kSo)->reference;
    const bool by_so = !user.common.auth_id.empty();
    // OpenSC makes a PUK behind each user PIN.
    const auto puk = static_cast<Byte>(by_so ? so : user.reference + 1);
    try {
      put_user_pin(*card_, *files_, user.reference, puk, new_pin);
    } catch (const NotLoggedIn&) {
      if (entry == nullptr) throw;
      throw NotSupported(
          "the token lets only its owner replace the PIN: pkcs15-tool --unblock-pin "
          "does it with the PUK or the SO PIN");
    }
    spent_[PinRole::kUser] = {};
    cached_.forget();
    load();
  }
  bool takes_pad() const override {
    return card_->connection().has_pad(apdu::PadAction::kVerify) && find(PinRole::kUser) != nullptr;
  }
  // CardOS gives no number of tries, and an empty VERIFY on it is in no public source.
  PinStatus pin_status(PinRole role) override {
    PinStatus status;
    const pkcs15::PinEntry* entry = find(role);
    status.initialized = entry != nullptr || objects_.pins_unread();
    if (entry != nullptr) {
      if (role == PinRole::kUser) status.label = user_pin_.label;
      status.min_length = entry->min_length;
      status.max_length = static_cast<unsigned>(stored(*entry));
      const auto seen = spent_.find(role);
      if (seen != spent_.end()) {
        status.count_low = seen->second.some;
        status.blocked = seen->second.blocked;
        status.tries_left = seen->second.left;
      }
    }
    return status;
  }

  ObjectRef write(const std::function<ObjectRef(pkcs15::Writer&)>& work) override {
    if (const std::string reason = no_writing(); !reason.empty()) throw WriteProtected(reason);
    list();
    cached_.forget();
    files_->start_writing();
    KeyWriter keys(*card_, *files_);
    pkcs15::Writer writer(*files_, keys, objects_, allocation_);
    return work(writer);
  }

  std::string no_pin_change() const override { return {}; }
  bool read_only() const noexcept override { return false; }
  std::string no_unblocking() const override {
    return find(PinRole::kSo) == nullptr ? kOnePin : std::string();
  }
  std::string no_format() const override {
    return find(PinRole::kUser) == nullptr ? std::string() : no_unblocking();
  }
  /// A directory that the user cannot write would stop a change half-way.
  std::string no_writing() override {
    if (!foreign_) foreign_ = has_foreign_directories();
    return *foreign_ ? kForeignDirectories : std::string();
  }

 private:
  bool has_foreign_directories() {
    for (const auto& directory : objects_.directories()) {
      if (!allocation_.layout.directories.contains(directory.kind) ||
          directory.kind == pkcs15::DirectoryKind::kAuthObjects)
        continue;
      try {
        const Byte condition = files_->update_condition(directory.path.file);
        if (condition != 0x00 && condition != files_->guards().user) return true;
      } catch (const Error& error) {
        // Named before it is made: then it is made with the user's right. One that is damaged is
        // noticed when it shall be written.
        if (!concerns_one_object(error)) throw;
      }
    }
    return false;
  }

  void read_pins() {
    pins_ = objects_.read_pins();
    user_pin_ = pkcs15::choose_user_pin(pins_, kForms);
    Guards guards;
    if (const auto* user = find(PinRole::kUser)) {
      guards.user = user->reference;
      allocation_.user_auth_id = user->auth_id;
    }
    const auto* so = find(PinRole::kSo);
    guards.so = so != nullptr ? so->reference : guards.user;
    files_->set_guards(guards);
  }
  const pkcs15::PinEntry* find(PinRole role) const {
    if (role == PinRole::kUser) return user_pin_.entry;
    for (const auto& pin : pins_)
      if ((pin.flags & pkcs15::pin_flag::kUnblockingPin) == 0 &&
          (pin.flags & pkcs15::pin_flag::kSoPin) != 0)
        return &pin;
    return nullptr;
  }
  const pkcs15::PinEntry& need(PinRole role) const {
    const pkcs15::PinEntry* entry = find(role);
    if (entry == nullptr && objects_.pins_unread()) throw NotSupported(kUnreadPins);
    if (entry == nullptr) throw PinNotInitialized();
    if (const std::string why = pkcs15::why_not_understood(*entry, kForms); !why.empty())
      throw NotSupported(why);
    return *entry;
  }
  static std::size_t stored(const pkcs15::PinEntry& entry) {
    const bool sane = entry.stored_length >= 4 && entry.stored_length <= 32;
    return sane ? entry.stored_length : kPinSize;
  }
  static apdu::Command header(Byte instruction, const pkcs15::PinEntry& entry) {
    auto command = apdu::Command::case1(0x00, instruction, 0x00, pin_reference(entry.reference));
    command.privacy = apdu::Privacy::kSecret;
    return command;
  }
  static Bytes block(const pkcs15::PinEntry& entry, const SecureBytes& pin) {
    return padded(pin, stored(entry), entry.pad.value_or(0x00)).release();
  }
  static apdu::PadFormat pad_format(const pkcs15::PinEntry& entry) {
    const auto size = static_cast<unsigned>(stored(entry));
    const apdu::PadFormat format{false, std::max(entry.min_length, 1U), size, size,
                                 entry.pad.value_or(0x00)};
    if (!apdu::fits_pad(format, true))
      throw NotSupported("the token takes PINs in blocks that are longer than a reader makes them");
    return format;
  }
  /// A PIN is found in the DF where it was made.
  static const Bytes& folder(const pkcs15::PinEntry& entry) {
    return entry.path.file.empty() ? application_folder() : entry.path.file;
  }
  void judge(PinRole role, const char* what, StatusWord sw) {
    Spent& spent = spent_[role];
    try {
      refuse_pin(what, sw);
      spent = {};
    } catch (const WrongPin& wrong) {
      spent.some = true;
      spent.left = wrong.tries_left();
      throw;
    } catch (const PinBlocked&) {
      spent.blocked = true;
      throw;
    }
  }

  /// What this program saw of a PIN's counter.
  struct Spent {
    bool some = false, blocked = false;
    std::optional<unsigned> left;
  };

  apdu::Card* card_;
  Files* files_;
  pkcs15::FileAllocation allocation_;
  Bytes serial_;
  pkcs15::Objects objects_;
  pkcs15::CachedObjects cached_{objects_, "cardos", [this] { return serial_; }};
  std::vector<pkcs15::PinEntry> pins_;
  pkcs15::UserPin user_pin_;  ///< one of them
  std::map<PinRole, Spent> spent_;
  std::optional<bool> foreign_;
  std::uint64_t listed_ = 0;  ///< generation of the objects that PINs and rights were read with
};

}  // namespace

std::unique_ptr<Application> open_pkcs15(apdu::Card& card, Files& files, Bytes serial) {
  auto layout = std::make_unique<Pkcs15Application>(card, files, std::move(serial));
  if (!layout->load()) return nullptr;
  return layout;
}

}  // namespace kilt::etoken::cardos
