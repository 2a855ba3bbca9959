#include "drivers/kaztoken/format.h"

#include <array>

#include "apdu/tlv.h"
#include "drivers/challenge.h"
#include "drivers/kaztoken/layout.h"
#include "drivers/pkcs15/directory.h"
#include "drivers/pkcs15/encode.h"
#include "drivers/pkcs15/last_update.h"
#include "drivers/pkcs15/objects.h"
#include "drivers/status.h"

namespace kilt::kaztoken {
namespace {

constexpr std::size_t kMinSoPin = 8, kMinUserPin = 6, kMaxPin = 32;  // bytes
constexpr Byte kPinType = 0x01, kPinFlags = 0x01;
constexpr unsigned kSoTries = 10, kUserTries = 5;
constexpr std::size_t kSmallFile = 0x0080, kPinDirectoryFile = 0x0100;
// AODF flags: case-sensitive, unblock-disabled, initialized; the SO's also so-pin.
constexpr std::uint32_t kUserPinFlags = 0x19, kSoPinFlags = 0x99;
constexpr std::uint32_t kEidCompliant = 1U << 3;

constexpr AccessRights kMfRights{0x47, 0x02, 0x02, 0x01, 0x00, 0x00, 0x00, 0xFF};
constexpr AccessRights kSystemRights{0x43, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00, 0xFF};
constexpr AccessRights kApplicationRights{0x43, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02};
constexpr AccessRights kEfDirRights{0x43, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x01};
constexpr AccessRights kSoPinRights{0x43, 0xFF, 0x01, 0x00, 0x00, 0x00, 0x00, 0xFF};
constexpr AccessRights kUserPinRights{0x43, 0x01, 0x03, 0x00, 0x00, 0x00, 0x00, 0xFF};

/// Parent first.
const std::array<FilePath, 13>& system_folders() {
  static const std::array<FilePath, 13> folders{{{0x1000},
                                                 {0x1000, 0x1000},
                                                 {0x1000, 0x1000, 0x6001},
                                                 {0x1000, 0x1000, 0x6002},
                                                 {0x1000, 0x1000, 0x6003},
                                                 {0x1000, 0x1000, 0x6004},
                                                 {0x1000, 0x1000, 0x6005},
                                                 {0x1000, 0x1001},
                                                 {0x1000, 0x1002},
                                                 {0x1000, 0x1003},
                                                 {0x1000, 0x1004},
                                                 {0x1000, 0x1001, 0x8001},
                                                 {0x1000, 0x1001, 0x8002}}};
  return folders;
}

void check_pins(const FormatRequest& request) {
  const std::size_t so = request.so_pin.size(), user = request.user_pin.size();
  if (so < kMinSoPin || so > kMaxPin)
    throw PinLength("the SO PIN of this token has 8 to 32 characters");
  if (user != 0 && (user < kMinUserPin || user > kMaxPin))
    throw PinLength("the user PIN of this token has 6 to 32 characters");
}

/// A token without PIN objects asks for no PIN.
void check_right_to_erase(Pins& pins, const FormatRequest& request) {
  if (request.erase_without_so_pin) return;
  try {
    pins.verify(PinRole::kSo, request.so_pin.clone());
  } catch (const ObjectNotFound&) {
    return;
  }
}

void command(apdu::Card& card, const char* what, Byte ins, Byte p1, Byte p2) {
  expect_ok(what, card.send(apdu::Command::case1(0x80, ins, p1, p2)));
}

void create_folder(Files& files, const FilePath& path, const AccessRights& access) {
  FilePath parent = path;
  parent.pop_back();
  files.select(parent);
  files.create({path.back(), FileType::kDirectory, 0, access, std::nullopt});
}

/// Firmware may bring the system folders along.
void create_system_folders(Files& files) {
  for (const FilePath& path : system_folders())
    if (!files.exists(path)) create_folder(files, path, kSystemRights);
}

void create_pin(Files& files, Pins& pins, PinRole role, const SecureBytes& pin) {
  const bool so = role == PinRole::kSo;
  const unsigned tries = so ? kSoTries : kUserTries;
  const auto min_length = static_cast<Byte>(so ? kMinSoPin : kMinUserPin);
  files.select(FilePath{});
  files.create({static_cast<FileId>(so ? kSoAuthId : kUserAuthId), FileType::kRsf, pin.size(),
                so ? kSoPinRights : kUserPinRights,
                RsfProperties{kPinType, min_length, kPinFlags, tries, tries}});
  pins.set(role, pin);
}

void write_file(Files& files, const Bytes& path, pkcs15::FileUse use, std::size_t size,
                const Bytes& contents) {
  files.create(path, use, size);
  files.select(path);
  files.update(0, contents);
}

Bytes pin_entry(PinRole role) {
  const bool so = role == PinRole::kSo;
  pkcs15::PinEntry pin;
  pin.common.label = so ? "SO PIN" : "User PIN";
  pin.common.is_private = true;
  pin.common.modifiable = true;
  pin.auth_id = {so ? kSoAuthId : kUserAuthId};
  pin.flags = so ? kSoPinFlags : kUserPinFlags;
  pin.min_length = static_cast<unsigned>(so ? kMinSoPin : kMinUserPin);
  pin.stored_length = pin.max_length = kMaxPin;
  pin.reference = pin.auth_id.front();
  pin.pad = Byte{0x00};
  pin.path.file = {0x3F, 0x00};
  return pkcs15::encode_pin(pin);
}

/// EF.DIR: one application template (ISO/IEC 7816-4, 12.2.2) with PKCS#15's AID.
Bytes ef_dir(const std::string& label) {
  const Bytes aid{0xA0, 0x00, 0x00, 0x00, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5'};
  Bytes body = tlv::encode(0x4F, aid);
  append(body, tlv::encode(0x50, to_bytes(label)));
  append(body, tlv::encode(0x51, Bytes{0x3F, 0x00, 0x50, 0x00}));
  return tlv::encode(0x61, body);
}

/// `erased`: lastUpdate of what was there before.
void write_application(Files& files, const TokenNames& names, const FormatRequest& request,
                       const std::string& erased) {
  const pkcs15::Layout application = layout();
  const Bytes aodf =
      application.file(application.directories.at(pkcs15::DirectoryKind::kAuthObjects));
  Bytes pins = pin_entry(PinRole::kSo);
  append(pins, pin_entry(PinRole::kUser));
  write_file(files, aodf, pkcs15::FileUse::kPinDirectory, kPinDirectoryFile, pins);
  write_file(files, application.file(application.odf), pkcs15::FileUse::kOdf, kSmallFile,
             pkcs15::encode_odf({pkcs15::DirectoryKind::kAuthObjects, {aodf, {}, {}}}));
  pkcs15::TokenInfoEntry info;
  info.serial = names.serial;
  info.manufacturer = names.manufacturer;
  info.label = request.label;
  info.flags = kEidCompliant;
  info.last_update = pkcs15::later_time(erased);
  if (request.user_pin.empty()) info.issuer = kNoUserPin;
  write_file(files, application.file(application.token_info), pkcs15::FileUse::kTokenInfo,
             kSmallFile, pkcs15::encode_token_info(info));
}

}  // namespace

void format(apdu::Card& card, Files& files, Pins& pins, const TokenNames& names,
            const FormatRequest& request) {
  check_pins(request);
  check_right_to_erase(pins, request);
  const SecureBytes user_pin =
      request.user_pin.empty() ? random_pin(card, kMaxPin) : request.user_pin.clone();
  const std::string erased = pkcs15::Objects(files, layout().base).last_update();
  pins.forget();
  command(card, "INIT", 0x8A, 0x00, 0x00);
  files.create({0x3F00, FileType::kDirectory, 0, kMfRights, std::nullopt});
  files.select(FilePath{});
  files.create({0x2F00, FileType::kTransparent, kSmallFile, kEfDirRights, std::nullopt});
  files.select(FilePath{0x2F00});
  files.update(0, ef_dir(names.application));
  create_system_folders(files);
  create_folder(files, {0x5000}, kApplicationRights);
  create_pin(files, pins, PinRole::kSo, request.so_pin);
  create_pin(files, pins, PinRole::kUser, user_pin);
  write_application(files, names, request, erased);
  // Until here no access rule is in force.
  command(card, "INIT END", 0x84, 0x4E, 0x19);
  pins.forget();
}

void user_pin_set(Files& files) {
  const pkcs15::Layout application = layout();
  try {
    const std::size_t size = files.select(application.file(application.token_info));
    const Bytes before = files.read(0, size);
    pkcs15::TokenInfoEntry info = pkcs15::decode_token_info(before);
    if (info.issuer != kNoUserPin) return;
    info.issuer.clear();
    info.last_update = pkcs15::later_time(info.last_update);
    Bytes after = pkcs15::encode_token_info(info);
    after.resize(before.size(), 0x00);
    files.update(0, after);
  } catch (const ObjectNotFound&) {
    return;  // not formatted by Kilt: there is no remark to take back
  }
}

}  // namespace kilt::kaztoken
