#include "drivers/kaztoken/files.h"

#include <algorithm>

#include "apdu/tlv.h"
#include "drivers/status.h"

namespace kilt::kaztoken {
namespace {

constexpr FileId kMasterFile = 0x3F00;
constexpr std::size_t kMaxRead = 256;
constexpr unsigned kMaxChildren = 255;  // the platform's limit per DF

constexpr StatusWord kFolderFull{0x6F85};

// P1 of SELECT on this platform.
constexpr Byte kById = 0x00;
constexpr Byte kParent = 0x03;
constexpr Byte kByPath = 0x08;
// P2: next entry of the current DF after the one named in the data.
constexpr Byte kNext = 0x02;

FileType file_type(BytesView value) {
  if (value.empty()) return FileType::kUnknown;
  switch (value.front()) {
    case 0x38:
      return FileType::kDirectory;
    case 0x01:
      return FileType::kTransparent;
    case 0x10:
      return FileType::kRsf;
    default:
      return FileType::kUnknown;
  }
}

std::uint16_t type_bytes(FileType type) {
  switch (type) {
    case FileType::kDirectory:
      return 0x3800;
    case FileType::kRsf:
      return 0x1000;
    default:
      return 0x0100;
  }
}

// Rules: 00 always, 01 SO, 02 user, FF never; in the order of the bits of byte 0: read, update, …,
// delete (sheet, section 5).
AccessRights rights(pkcs15::FileUse use) {
  switch (use) {
    case pkcs15::FileUse::kOdf:
      return {0x43, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01};
    case pkcs15::FileUse::kTokenInfo:
      return {0x43, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02};
    case pkcs15::FileUse::kPinDirectory:
      return {0x43, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x01};
    case pkcs15::FileUse::kPrivateValue:
      return {0x43, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00, 0x02};
    case pkcs15::FileUse::kDirectory:
    case pkcs15::FileUse::kPublicValue:
      break;
  }
  return {0x43, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x02};
}

Bytes encode(const FileTemplate& file) {
  constexpr std::size_t kAccessSize = 15;
  Bytes body = tlv::encode(0x80, write_be(file.size, 2));
  append(body, tlv::encode(0x82, write_be(type_bytes(file.type), 2)));
  append(body, tlv::encode(0x83, write_be(file.id, 2)));
  if (file.rsf) {
    const auto tries = static_cast<Byte>(file.rsf->tries_max << 4 | file.rsf->tries_left);
    const Bytes properties{file.rsf->type, file.rsf->option, file.rsf->flags, tries, 0x00, 0x00};
    append(body, tlv::encode(0x85, properties));
  }
  Bytes access(file.access.begin(), file.access.end());
  access.resize(kAccessSize, 0x00);
  append(body, tlv::encode(0x86, access));
  return tlv::encode(0x6F, body);
}

Bytes encode(const FilePath& path) {
  Bytes bytes;
  for (const FileId id : path) append(bytes, write_be(id, 2));
  return bytes;
}

apdu::Command select_command(const FilePath& path) {
  // P2 = 00 always: the T=0 card refuses a SELECT that asks for no FCI.
  if (path.empty()) return apdu::select(kById, 0x00, write_be(kMasterFile, 2));
  return apdu::select(kByPath, 0x00, encode(path));
}

}  // namespace

Fci parse_fci(BytesView answer) {
  auto outer = tlv::find(answer, 0x6F);
  if (!outer) outer = tlv::find(answer, 0x62);
  if (!outer) throw MalformedAnswer("SELECT brought no file control information");
  Fci fci;
  tlv::Reader reader(outer->value);
  while (const auto node = reader.next()) {
    const BytesView value = node->value;
    if (node->tag == 0x80 && value.size() == 2) fci.size = read_be(value);
    if (node->tag == 0x82) fci.type = file_type(value);
    if (node->tag == 0x83 && value.size() == 2) fci.id = static_cast<FileId>(read_be(value));
    if (node->tag == 0x85 && value.size() >= 4)
      fci.rsf = RsfProperties{value[0], value[1], value[2], static_cast<unsigned>(value[3]) >> 4,
                              value[3] & 0x0FU};
    if (node->tag == 0x86)
      std::copy_n(value.begin(), std::min(value.size(), fci.access.size()), fci.access.begin());
  }
  return fci;
}

Fci Files::select(const FilePath& path) {
  return parse_fci(expect_ok("SELECT", card_->send(select_command(path))).data);
}

std::size_t Files::select(BytesView path) { return select(to_path(path)).size; }

Bytes Files::read(std::size_t offset, std::size_t length) {
  Bytes contents;
  while (contents.size() < length) {
    const std::size_t wanted = std::min(kMaxRead, length - contents.size());
    const auto answer = card_->send(
        apdu::read_binary(offset + contents.size(), apdu::Le{static_cast<std::uint32_t>(wanted)}));
    const bool end = answer.sw == sw::kEndOfFile || answer.sw == sw::kWrongOffset;
    if (!end) expect_ok("READ BINARY", answer);
    if (answer.data.size() > wanted)
      throw MalformedAnswer("READ BINARY brought more than was asked for");
    append(contents, answer.data);
    if (end || answer.data.size() < wanted) break;  // every round must bring all it was asked for
  }
  return contents;
}

void Files::create(BytesView path, pkcs15::FileUse use, std::size_t size) {
  FilePath folder = to_path(path);
  if (folder.empty() || size > 0xFFFF) throw InvalidData("no such file can be made");
  const FileId id = folder.back();
  folder.pop_back();
  select(folder);
  create({id, FileType::kTransparent, size, rights(use), std::nullopt});
}

void Files::create(const FileTemplate& file) {
  const auto answer = card_->send(apdu::Command::case3(0x00, 0xE0, 0x00, 0x00, encode(file)));
  if (answer.sw == sw::kFileExists)
    throw Inconsistent("a file of this number is on the token already");
  if (answer.sw == kFolderFull) throw TokenFull("the token's folder has no room for another file");
  expect_ok("CREATE FILE", answer);
}

void Files::update(std::size_t offset, BytesView data) {
  while (!data.empty()) {
    const BytesView piece = data.first(std::min(max_update(), data.size()));
    expect_ok("UPDATE BINARY", card_->send(apdu::update_binary(offset, piece)));
    offset += piece.size();
    data = data.subspan(piece.size());
  }
}

void Files::remove(const FilePath& path) {
  if (path.empty()) throw InvalidData("the MF is not deleted");
  select(path);
  expect_ok("DELETE FILE",
            card_->send(apdu::Command::case3(0x00, 0xE4, 0x00, 0x00, write_be(path.back(), 2))));
}

bool Files::exists(const FilePath& path) {
  try {
    select(path);
    return true;
  } catch (const ObjectNotFound&) {
    return false;
  }
}

Children Files::children(const FilePath& path) {
  select(path);
  Children found;
  apdu::Command next = apdu::Command::case2(0x00, 0xA4, 0x00, 0x00, apdu::kLeShortMax);
  while (found.files.size() < kMaxChildren) {
    const auto answer = card_->send(next);
    if (answer.sw == sw::kFileNotFound) return found;
    try {
      const Fci fci = parse_fci(expect_ok("SELECT next", answer).data);
      if (std::ranges::any_of(found.files, [&](const Fci& seen) { return seen.id == fci.id; }))
        throw MalformedAnswer("a directory of the token lists a file twice");
      found.files.push_back(fci);
      // Enumeration enters a DF that it returns; go back before asking for the next.
      if (fci.type == FileType::kDirectory)
        expect_ok("SELECT parent",
                  card_->send(apdu::Command::case2(0x00, 0xA4, kParent, 0x00, apdu::kLeShortMax)));
    } catch (const Error& error) {
      if (!concerns_one_object(error)) throw;
      found.fault = error.what();
      return found;
    }
    next = apdu::select(kById, kNext, write_be(found.files.back().id, 2));
  }
  return found;
}

FilePath to_path(BytesView path) {
  if (path.size() % 2 != 0) throw MalformedAnswer("a file path has an odd number of bytes");
  FilePath ids;
  for (std::size_t i = 0; i < path.size(); i += 2)
    ids.push_back(static_cast<FileId>(read_be(path.subspan(i, 2))));
  if (!ids.empty() && ids.front() == kMasterFile) ids.erase(ids.begin());
  return ids;
}

}  // namespace kilt::kaztoken
