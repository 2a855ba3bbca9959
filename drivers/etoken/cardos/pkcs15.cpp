// OpenSC's layout on CardOS.
#include <algorithm>

#include "apdu/pin_pad.h"
#include "drivers/etoken/cardos/format.h"
#include "drivers/etoken/cardos/keys.h"
#include "drivers/etoken/cardos/layout.h"
#include "drivers/pkcs15/encode.h"
#include "drivers/pkcs15/last_update.h"
#include "drivers/status.h"

namespace kilt::etoken::cardos {
namespace {

const char* const kOnePin =
    "the token has one PIN and no administrator: it is unblocked with its PUK (pkcs15-tool "
    "--unblock-pin) and erased by pkcs15-init --erase-card";
const char* const kForeignDirectories =
    "the token's directories are the administrator's to change: OpenSC formats so without its "
    "option onepin; pkcs15-init writes to it with both PINs";

class Pkcs15Layout : public Layout {
 public:
  Pkcs15Layout(apdu::Card& card, Files& files, Bytes serial)
      : card_(&card),
        files_(&files),
        places_(places()),
        serial_(std::move(serial)),
        application_(files, places_.layout.base, places_.layout.file(places_.layout.journal)) {}

  bool load() { return load(last_update()); }

  // lastUpdate is the mark that OpenSC and Kilt set at every write; without one, read again.
  const ObjectList& list() override {
    const std::string mark = last_update();
    if (written_ || mark.empty() || mark != mark_) load(mark);
    return application_.objects();
  }
  const ObjectList* remembered_list() const noexcept override {
    return written_ || mark_.empty() ? nullptr : &application_.objects();
  }
  Bytes read_certificate(const ObjectRef& ref) override {
    Bytes der = application_.read_certificate(ref);
    keep_news();
    return der;
  }
  Bytes read_data(const ObjectRef& ref) override {
    Bytes value = application_.read_data(ref);
    keep_news();
    return value;
  }
  PublicKey read_public_key(const ObjectRef& ref) override {
    PublicKey key = application_.read_public_key(ref);
    keep_news();
    return key;
  }
  std::optional<KeyPlace> place(const ObjectRef& ref) override {
    const pkcs15::KeyEntry* entry = application_.private_entry(ref);
    if (entry == nullptr) return std::nullopt;
    KeyPlace place;
    place.folder = entry->path.file.empty() ? application_folder() : entry->path.file;
    place.reference = entry->reference;
    place.signs = signs_only(entry->usage);
    return place;
  }
  std::string label() override {
    const auto info = application_.read_token_info();
    return info ? info->label : std::string();
  }

  void login(PinRole role, const SecureBytes& pin) override {
    const pkcs15::PinEntry& entry = need(role);
    const SecureBytes value = padded(pin, stored(entry), entry.pad.value_or(0x00));
    files_->select(folder(entry));
    judge(role, "VERIFY",
          card_->send(apdu::verify(pin_reference(entry.reference), value.view())).sw);
  }
  void change_pin(PinRole role, const SecureBytes& old_pin, const SecureBytes& new_pin) override {
    const pkcs15::PinEntry& entry = need(role);
    if (new_pin.size() < entry.min_length)
      throw PinLength("the new PIN is shorter than the token takes");
    const Byte pad = entry.pad.value_or(0x00);
    const SecureBytes before = padded(old_pin, stored(entry), pad);
    const SecureBytes after = padded(new_pin, stored(entry), pad);
    Bytes body;
    body.reserve(before.size() + after.size());  // a secret is not copied about
    append(body, before.view());
    append(body, after.view());
    files_->select(folder(entry));
    auto command = apdu::Command::case3(0x00, 0x24, 0x00, pin_reference(entry.reference), body);
    command.privacy = apdu::Privacy::kSecret;
    judge(role, "CHANGE REFERENCE DATA", card_->send(command).sw);
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
      pkcs15::Editor editor(*files_, places_.layout);
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
    load();
  }
  bool takes_pad() const override {
    return card_->connection().has_pad(apdu::PadAction::kVerify) && find(PinRole::kUser) != nullptr;
  }
  void login_at_pad(PinRole role) override {
    const pkcs15::PinEntry& entry = need(role);
    files_->select(folder(entry));
    judge(role, "VERIFY", apdu::verify_at_pad(*card_, header(0x20, entry), pad_format(entry)).sw);
  }
  void change_pin_at_pad(PinRole role) override {
    const pkcs15::PinEntry& entry = need(role);
    files_->select(folder(entry));
    judge(role, "CHANGE REFERENCE DATA",
          apdu::modify_at_pad(*card_, header(0x24, entry), pad_format(entry)).sw);
  }
  // CardOS tells no number of tries, and an empty VERIFY on it is in no public source.
  PinStatus pin_status(PinRole role) override {
    PinStatus status;
    const pkcs15::PinEntry* entry = find(role);
    status.initialized = entry != nullptr;
    if (entry != nullptr) {
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

  ObjectRef write(const std::function<ObjectRef(pkcs15::Store&)>& work) override {
    if (const std::string reason = no_writing(); !reason.empty()) throw WriteProtected(reason);
    list();
    written_ = true;
    files_->start_writing();
    KeyObjects keys(*card_, *files_);
    pkcs15::Store store(*files_, keys, application_, places_);
    return work(store);
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
  bool load(const std::string& mark) {
    mark_ = mark;
    written_ = false;
    foreign_.reset();
    if (!application_.load(cache::load(subject()).value_or(cache::Files{}))) return false;
    read_pins();
    keep_news();
    return true;
  }
  cache::Subject subject() { return {"cardos", serial_, mark_}; }
  void keep_news() {
    if (const cache::Files* files = application_.news()) cache::store(subject(), *files);
  }
  std::string last_update() {
    const auto token = application_.read_token_info();
    return token && pkcs15::settled(token->last_update) ? token->last_update : std::string();
  }

  bool has_foreign_directories() {
    for (const auto& directory : application_.directories()) {
      if (!places_.layout.directories.contains(directory.kind) ||
          directory.kind == pkcs15::DirectoryKind::kAuthObjects)
        continue;
      try {
        const Byte condition = files_->update_condition(directory.path.file);
        if (condition != 0x00 && condition != files_->guards().user) return true;
      } catch (const ObjectNotFound&) {
        continue;  // named before it is made: then it is made with the user's right
      }
    }
    return false;
  }

  void read_pins() {
    pins_ = application_.read_pins();
    Guards guards;
    if (const auto* user = find(PinRole::kUser)) {
      guards.user = user->reference;
      places_.user_auth_id = user->auth_id;
    }
    const auto* so = find(PinRole::kSo);
    guards.so = so != nullptr ? so->reference : guards.user;
    files_->set_guards(guards);
  }
  const pkcs15::PinEntry* find(PinRole role) const {
    for (const auto& pin : pins_) {
      if ((pin.flags & pkcs15::pin_flag::kUnblockingPin) != 0) continue;
      const bool so = (pin.flags & pkcs15::pin_flag::kSoPin) != 0;
      if (so == (role == PinRole::kSo)) return &pin;
    }
    return nullptr;
  }
  const pkcs15::PinEntry& need(PinRole role) const {
    const pkcs15::PinEntry* entry = find(role);
    if (entry == nullptr) throw PinNotInitialized();
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
  pkcs15::Places places_;
  Bytes serial_;
  pkcs15::Application application_;
  std::vector<pkcs15::PinEntry> pins_;
  std::map<PinRole, Spent> spent_;
  std::optional<bool> foreign_;
  bool written_ = false;
  std::string mark_;
};

}  // namespace

void Layout::login_at_pad(PinRole) {
  throw NotSupported(
      "this token does not compare the PIN itself: it cannot be typed at the reader");
}
void Layout::change_pin_at_pad(PinRole) { throw NotSupported(no_pin_change()); }

std::unique_ptr<Layout> open_pkcs15(apdu::Card& card, Files& files, Bytes serial) {
  auto layout = std::make_unique<Pkcs15Layout>(card, files, std::move(serial));
  if (!layout->load()) return nullptr;
  return layout;
}

}  // namespace kilt::etoken::cardos
