// OpenSC's layout on CardOS.
#include <algorithm>

#include "apdu/pin_pad.h"
#include "drivers/etoken/cardos/layout.h"
#include "drivers/pkcs15/application.h"
#include "drivers/status.h"

namespace kilt::etoken::cardos {
namespace {

constexpr std::size_t kStoredPin = 8;
constexpr Byte kLocal = 0x80;

class Pkcs15Layout : public Layout {
 public:
  Pkcs15Layout(apdu::Card& card, Files& files)
      : card_(&card), files_(&files), application_(files, {0x50, 0x15}) {}

  bool load() {
    if (!application_.load()) return false;
    read_pins();
    return true;
  }

  const ObjectList& list() override {
    const auto info = application_.read_token_info();
    const std::string mark = info ? info->last_update : std::string();
    if (!listed_ || mark.empty() || mark != mark_) {
      application_.load();
      listed_ = true;
      mark_ = mark;
    }
    return application_.objects();
  }
  Bytes read_certificate(const ObjectRef& ref) override {
    return application_.read_certificate(ref);
  }
  Bytes read_data(const ObjectRef& ref) override { return application_.read_data(ref); }
  PublicKey read_public_key(const ObjectRef& ref) override {
    return application_.read_public_key(ref);
  }
  std::optional<KeyPlace> place(const ObjectRef& ref) override {
    const pkcs15::KeyEntry* entry = application_.private_entry(ref);
    if (entry == nullptr) return std::nullopt;
    KeyPlace place;
    place.folder = entry->path.file.empty() ? Bytes{0x50, 0x15} : entry->path.file;
    place.reference = entry->reference;
    place.signs = (entry->usage & (pkcs15::usage::kSign | pkcs15::usage::kSignRecover |
                                   pkcs15::usage::kNonRepudiation)) != 0;
    return place;
  }
  std::string label() override {
    const auto info = application_.read_token_info();
    return info ? info->label : std::string();
  }

  void login(PinRole role, const SecureBytes& pin) override {
    const pkcs15::PinEntry& entry = need(role);
    const Bytes padded = pad(entry, pin);
    select_folder(entry);
    const auto answer = card_->send(apdu::verify(reference(entry), padded));
    refuse("VERIFY", answer.sw);
  }
  void change_pin(PinRole role, const SecureBytes& old_pin, const SecureBytes& new_pin) override {
    const pkcs15::PinEntry& entry = need(role);
    if (new_pin.size() < entry.min_length)
      throw PinLength("the new PIN is shorter than the token takes");
    Bytes body = pad(entry, old_pin);
    append(body, pad(entry, new_pin));
    select_folder(entry);
    auto command = apdu::Command::case3(0x00, 0x24, 0x00, reference(entry), body);
    command.privacy = apdu::Privacy::kSecret;
    refuse("CHANGE REFERENCE DATA", card_->send(command).sw);
  }
  bool takes_pad() const override {
    return card_->connection().has_pad(apdu::PadAction::kVerify) && find(PinRole::kUser) != nullptr;
  }
  void login_at_pad(PinRole role) override {
    const pkcs15::PinEntry& entry = need(role);
    select_folder(entry);
    refuse("VERIFY", apdu::verify_at_pad(*card_, header(0x20, entry), pad_format(entry)).sw);
  }
  void change_pin_at_pad(PinRole role) override {
    const pkcs15::PinEntry& entry = need(role);
    select_folder(entry);
    refuse("CHANGE REFERENCE DATA",
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
    }
    return status;
  }
  std::string no_pin_change() const override { return {}; }

 private:
  void read_pins() {
    pins_.clear();
    try {
      Bytes odf{0x50, 0x15};
      append(odf, write_be(0x5031, 2));
      for (const auto& directory : pkcs15::decode_odf(pkcs15::read_directory(*files_, odf))) {
        if (directory.kind != pkcs15::DirectoryKind::kAuthObjects) continue;
        pkcs15::for_each_entry(
            pkcs15::read_directory(*files_, directory.path.file),
            [&](const tlv::Node& node) {
              if (auto pin = pkcs15::decode_pin(node)) pins_.push_back(std::move(*pin));
            },
            [](const char*) {});
      }
    } catch (const ObjectNotFound&) {
      return;  // no PINs are listed: nobody can log in
    }
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
    return sane ? entry.stored_length : kStoredPin;
  }
  static Byte reference(const pkcs15::PinEntry& entry) {
    return static_cast<Byte>(kLocal | entry.reference);
  }
  static Bytes pad(const pkcs15::PinEntry& entry, const SecureBytes& pin) {
    if (pin.empty()) throw PinLength("an empty PIN is never sent to the token");
    if (pin.size() > stored(entry)) throw PinLength("the PIN is longer than the token takes");
    Bytes padded;
    padded.reserve(2 * stored(entry));  // of two PINs: a secret is not copied about
    append(padded, pin.view());
    padded.resize(stored(entry), entry.pad.value_or(0x00));
    return padded;
  }
  static apdu::Command header(Byte instruction, const pkcs15::PinEntry& entry) {
    auto command = apdu::Command::case1(0x00, instruction, 0x00, reference(entry));
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
  void select_folder(const pkcs15::PinEntry& entry) {
    files_->select(entry.path.file.empty() ? Bytes{0x50, 0x15} : entry.path.file);
  }
  static void refuse(const char* what, StatusWord sw) {
    if (sw.ok()) return;
    if (sw == sw::kAuthenticationFailed) throw WrongPin(std::nullopt);
    if (sw == sw::kWrongLength) throw PinLength("the token does not take a PIN of this length");
    throw_status(what, sw);
  }

  apdu::Card* card_;
  Files* files_;
  pkcs15::Application application_;
  std::vector<pkcs15::PinEntry> pins_;
  bool listed_ = false;
  std::string mark_;
};

}  // namespace

void Layout::login_at_pad(PinRole) {
  throw NotSupported(
      "this token does not compare the PIN itself: it cannot be typed at the reader");
}
void Layout::change_pin_at_pad(PinRole) { throw NotSupported(no_pin_change()); }

std::unique_ptr<Layout> open_pkcs15(apdu::Card& card, Files& files) {
  auto layout = std::make_unique<Pkcs15Layout>(card, files);
  if (!layout->load()) return nullptr;
  return layout;
}

}  // namespace kilt::etoken::cardos
