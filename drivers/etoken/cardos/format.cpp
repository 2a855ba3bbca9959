#include "drivers/etoken/cardos/format.h"

#include <algorithm>

#include "apdu/tlv.h"
#include "drivers/challenge.h"
#include "drivers/etoken/cardos/security_objects.h"
#include "drivers/pkcs15/discovery.h"
#include "drivers/pkcs15/encode.h"
#include "drivers/pkcs15/last_update.h"
#include "drivers/pkcs15/objects.h"
#include "drivers/status.h"

namespace kilt::etoken::cardos {
namespace {

using pkcs15::DirectoryKind;
using pkcs15::FileUse;

constexpr Guards kGuards{0x03, 0x01};  // ids of user and SO PIN, as OpenSC numbers them
constexpr unsigned kSoTries = 10, kUserTries = 5;
constexpr std::size_t kFolderSize = 4096, kSmallFile = 0x0100, kEfDirSize = 0x0080,
                      kTokenInfoSize = 0x0080;
constexpr std::uint32_t kEidCompliant = 1U << 3;
// Life cycle, update and append objects, deactivate, activate, delete, admin, create: objects and
// files are added by anybody, PINs replaced by the SO; the user deletes (OpenSC wants the DF's
// right for its files, too), which the SO does with a PIN that he gives the user.
constexpr Acl kFolderAcl{0x00, kGuards.so, 0x00, 0x00, 0x00, kGuards.user, kGuards.so, 0x00, 0x00};

void check_pins(const FormatRequest& request) {
  const std::size_t so = request.so_pin.size(), user = request.user_pin.size();
  if (so < kMinSoPin || so > kPinSize)
    throw PinLength("the SO PIN of this token has 6 to 8 characters");
  if (user != 0 && (user < kMinUserPin || user > kPinSize))
    throw PinLength("the user PIN of this token has 4 to 8 characters");
}

void put_so_pin(apdu::Card& card, Files& files, const SecureBytes& pin) {
  files.select(application_folder());
  put_pin(card, {kGuards.so, 0xFF, kSoTries, kMinSoPin}, pin);
}

/// The whole application in one command; false where the card wants it empty first.
bool delete_folder(apdu::Card& card, Files& files) {
  files.select({});
  const StatusWord sw = card.send(apdu::Command::case3(0x00, 0xE4, 0x00, 0x00,
                                                       BytesView(application_folder()).last(2)))
                            .sw;
  if (sw == sw::kConditionsNotSatisfied) return false;
  if (!sw.ok()) throw_status("DELETE FILE", sw);
  return true;
}

/// The user's files are deleted with the user's PIN: the SO gives it a value for that.
void take_user_pin(apdu::Card& card, Files& files) {
  const SecureBytes pin = random_pin(card, kPinSize);
  put_user_pin(card, files, kGuards.user, kGuards.so, pin);
  verify(card, files, application_folder(), kGuards.user, pin);
}

void erase(apdu::Card& card, Files& files) {
  try {
    take_user_pin(card, files);
    if (delete_folder(card, files)) return;
    // First: what is left of an interrupted erasure counts as not formatted.
    const Bytes odf = file_allocation().layout.file(file_allocation().layout.odf);
    if (files.exists(odf)) files.remove(odf);
    for (const std::uint16_t id : files.children(application_folder())) {
      Bytes path = application_folder();
      append(path, write_be(id, 2));
      files.remove(path);
    }
    if (!delete_folder(card, files)) throw Inconsistent("the token's application is not deleted");
  } catch (const NotLoggedIn&) {
    throw WriteProtected(
        "the token is erased with the SO PIN only, or lets nobody but its owner delete the owner's "
        "files: then pkcs15-init --erase-card of OpenSC does it with both PINs");
  }
}

/// What an interrupted format left has no SO PIN yet: anybody can make it.
void prove_so_pin(apdu::Card& card, Files& files, const SecureBytes& pin) {
  try {
    verify(card, files, application_folder(), kGuards.so, pin);
  } catch (const ObjectNotFound&) {
    put_so_pin(card, files, pin);
    verify(card, files, application_folder(), kGuards.so, pin);
  }
}

void write_file(Files& files, const Bytes& path, FileUse use, std::size_t size,
                BytesView contents) {
  files.create(path, use, size);
  files.select(path);
  files.update(0, contents);
}

pkcs15::PinEntry so_pin_entry() {
  using namespace pkcs15::pin_flag;
  pkcs15::PinEntry pin = user_pin_entry();
  pin.common.label = "SO PIN";
  pin.common.auth_id.clear();
  pin.auth_id = {kSoAuthId};
  pin.flags |= kSoPin;
  pin.min_length = kMinSoPin;
  pin.reference = kGuards.so;
  return pin;
}

/// EF.DIR: one application template (ISO/IEC 7816-4, 12.2.2) with PKCS#15's AID.
void write_ef_dir(Files& files, const std::string& label) {
  const Bytes& path = pkcs15::dir_path();
  Bytes body = tlv::encode(0x4F, pkcs15::application_id());
  append(body, tlv::encode(0x50, to_bytes(label)));
  append(body, tlv::encode(0x51, application_folder()));
  Bytes contents = tlv::encode(0x61, body);
  if (!files.exists(path)) files.create(path, Acl{}, kEfDirSize);
  const std::size_t size = files.select(path);
  if (contents.size() > size) return;  // a name in EF.DIR is worth no failure
  contents.resize(size, 0x00);
  files.update(0, contents);
}

/// `erased`: lastUpdate of what was there before.
void write_application(Files& files, const TokenNames& names, const FormatRequest& request,
                       const std::string& erased) {
  const pkcs15::Layout layout = file_allocation().layout;
  const auto path = [&](DirectoryKind kind) { return layout.file(layout.directories.at(kind)); };
  Bytes pins = pkcs15::encode_pin(so_pin_entry());
  if (!request.user_pin.empty()) append(pins, pkcs15::encode_pin(user_pin_entry()));
  write_file(files, path(DirectoryKind::kAuthObjects), FileUse::kPinDirectory, kSmallFile, pins);
  Bytes odf;
  for (const auto kind :
       {DirectoryKind::kAuthObjects, DirectoryKind::kPrivateKeys, DirectoryKind::kPublicKeys,
        DirectoryKind::kCertificates, DirectoryKind::kData}) {
    if (kind != DirectoryKind::kAuthObjects)
      files.create(path(kind), FileUse::kDirectory, layout.directory_size);
    append(odf, pkcs15::encode_odf({kind, {path(kind), {}, {}}}));
  }
  pkcs15::TokenInfoEntry info;
  info.serial = names.serial;
  info.manufacturer = names.manufacturer;
  info.label = request.label;
  info.flags = kEidCompliant;
  info.last_update = pkcs15::later_time(erased);
  const Bytes token_info = pkcs15::encode_token_info(info);
  // OpenSC writes the date in a longer form.
  write_file(files, layout.file(layout.token_info), FileUse::kTokenInfo,
             std::max(kTokenInfoSize, token_info.size() + 16), token_info);
  // Last: a token without ODF counts as not formatted.
  write_file(files, layout.file(layout.odf), FileUse::kOdf, kSmallFile, odf);
}

}  // namespace

pkcs15::FileAllocation file_allocation() {
  pkcs15::FileAllocation allocation;
  allocation.layout.base = {0x50, 0x15};
  allocation.layout.directories = {{DirectoryKind::kAuthObjects, 0x4401},
                                   {DirectoryKind::kPrivateKeys, 0x4402},
                                   {DirectoryKind::kPublicKeys, 0x4403},
                                   {DirectoryKind::kCertificates, 0x4404},
                                   {DirectoryKind::kData, 0x4405}};
  allocation.layout.directory_size = 0x0600;
  allocation.public_keys = 0x3003;
  allocation.certificates = 0x3104;
  allocation.data = 0x3302;
  allocation.private_data = 0x3403;
  allocation.user_auth_id = {kUserAuthId};
  return allocation;
}

pkcs15::PinEntry user_pin_entry() {
  using namespace pkcs15::pin_flag;
  pkcs15::PinEntry pin;
  pin.common.label = "User PIN";
  pin.common.is_private = true;
  pin.common.modifiable = true;
  pin.common.auth_id = {kSoAuthId};  // the SO PIN unblocks it
  pin.auth_id = {kUserAuthId};
  pin.flags = kLocal | kInitialized | kNeedsPadding;
  pin.min_length = kMinUserPin;
  pin.stored_length = pin.max_length = kPinSize;
  pin.reference = kGuards.user;
  pin.pad = Byte{0x00};
  pin.path.file = application_folder();
  return pin;
}

void put_user_pin(apdu::Card& card, Files& files, Byte id, Byte unblock, const SecureBytes& pin) {
  files.select(application_folder());
  put_pin(card, {id, unblock, kUserTries, kMinUserPin}, pin);
}

void refuse_pin(const char* what, StatusWord sw) {
  if (sw.ok()) return;
  if (sw == sw::kAuthenticationFailed) throw WrongPin(std::nullopt);
  if (sw == sw::kWrongLength || sw == sw::kIncorrectData)
    throw PinLength("the token does not take a PIN of this length");
  throw_pin_status(what, sw);
}

void verify(apdu::Card& card, Files& files, BytesView folder, Byte id, const SecureBytes& pin) {
  files.select(folder);
  refuse_pin("VERIFY", card.send(apdu::verify(pin_reference(id), padded(pin).view())).sw);
}

void format(apdu::Card& card, Files& files, const TokenNames& names, const FormatRequest& request) {
  check_pins(request);
  files.set_guards(kGuards);
  files.start_writing();
  std::string erased;
  if (files.exists(application_folder())) {
    erased = pkcs15::Objects(files, file_allocation().layout.base).last_update();
    if (!request.erase_without_so_pin) prove_so_pin(card, files, request.so_pin);
    erase(card, files);
  }
  files.create_folder(application_folder(), pkcs15::application_id(), kFolderAcl, kFolderSize);
  files.select(application_folder());
  put_environment(card);
  put_so_pin(card, files, request.so_pin);
  if (!request.user_pin.empty())
    put_user_pin(card, files, kGuards.user, kGuards.so, request.user_pin);
  verify(card, files, application_folder(), kGuards.so, request.so_pin);
  write_application(files, names, request, erased);
  write_ef_dir(files, request.label);
}

}  // namespace kilt::etoken::cardos
