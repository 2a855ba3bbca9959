#include "drivers/etoken/cardos/files.h"

#include <algorithm>

#include "apdu/tlv.h"
#include "drivers/etoken/cardos/security_objects.h"
#include "drivers/pkcs15/directory.h"
#include "drivers/status.h"

namespace kilt::etoken::cardos {
namespace {

constexpr Byte kByPath = 0x08, kById = 0x00;
constexpr std::size_t kSmallBlock = 128;  // a public driver for this card asks for no more
constexpr std::size_t kMaxUpdate = 255;
constexpr unsigned kMaxRounds = 64;
constexpr std::size_t kMaxChildren = 256;
constexpr std::uint32_t kFci = 0x6F, kFcp = 0x62, kMore = 0x8A, kFileId = 0x86, kIsoFileId = 0x83;
constexpr std::uint32_t kSizeOfFile = 0x80, kSizeOfBody = 0x81, kName = 0x84, kAccess = 0x86;
constexpr Byte kTransparent = 0x01, kLinearTlv = 0x05, kFolder = 0x38;
constexpr std::uint16_t kBufferTag = 0x018D, kPhaseTag = 0x0183;
constexpr Byte kUserPhase = 0x10;

BytesView parent(BytesView path) {
  const BytesView relative = pkcs15::relative_path(path);
  if (relative.size() < 2) throw InvalidData("the MF is neither made nor deleted");
  return relative.first(relative.size() - 2);
}

}  // namespace

std::size_t Files::select(BytesView path) {
  const BytesView relative = pkcs15::relative_path(path);
  const Bytes master{0x3F, 0x00};
  const auto answer = card_->send(relative.empty() ? apdu::select(kById, 0x00, master)
                                                   : apdu::select(kByPath, 0x00, relative));
  expect_ok("SELECT", answer);
  if (update_conditions_.size() > kMaxChildren) update_conditions_.clear();
  Byte& condition = update_conditions_[to_bytes(relative)] = 0xFF;
  for (const std::uint32_t outer : {kFci, kFcp})
    if (const auto acl = tlv::find_path(answer.data, {outer, kAccess});
        acl && acl->value.size() > 1)
      condition = acl->value[1];
  for (const std::uint32_t outer : {kFci, kFcp})
    for (const std::uint32_t tag : {kSizeOfFile, kSizeOfBody})
      if (const auto size = tlv::find_path(answer.data, {outer, tag});
          size && !size->value.empty() && size->value.size() <= 4)
        return std::min<std::size_t>(read_be(size->value), 0x7FFF);
  return 0;
}

Bytes Files::read(std::size_t offset, std::size_t length) {
  Bytes contents;
  while (contents.size() < length) {
    const std::size_t wanted = std::min(read_block_, length - contents.size());
    const auto answer = card_->send(
        apdu::read_binary(offset + contents.size(), apdu::Le{static_cast<std::uint32_t>(wanted)}));
    if (answer.sw == sw::kWrongOffset) break;
    if (answer.sw == sw::kWrongLength && read_block_ > kSmallBlock) {
      read_block_ = kSmallBlock;
      continue;
    }
    const bool end = answer.sw == sw::kEndOfFile;
    if (!end) expect_ok("READ BINARY", answer);
    if (answer.data.size() > wanted) throw MalformedAnswer("READ BINARY brought too much");
    append(contents, answer.data);
    if (end || answer.data.size() < wanted) break;
  }
  return contents;
}

Acl rights(pkcs15::FileUse use, const Guards& guards) {
  const Byte so = guards.so, user = guards.user;
  switch (use) {
    case pkcs15::FileUse::kOdf:
    case pkcs15::FileUse::kPinDirectory:
      return {0x00, so, so, so, so, so, so, 0x00, 0x00};
    case pkcs15::FileUse::kTokenInfo:  // whoever changes something sets the date
      return {};
    case pkcs15::FileUse::kDirectory:
      return {0x00, user, user, user, user, user, user, 0x00, 0x00};
    case pkcs15::FileUse::kPrivateValue:
      return {user, user, 0xFF, 0xFF, 0xFF, user, user, 0x00, 0x00};
    case pkcs15::FileUse::kPublicValue:
      break;
  }
  return {0x00, user, 0xFF, 0xFF, 0xFF, user, user, 0x00, 0x00};
}

void Files::create(BytesView path, pkcs15::FileUse use, std::size_t size) {
  create(path, kTransparent, rights(use, guards_), size, {});
}

void Files::create(BytesView path, const Acl& acl, std::size_t size, bool records) {
  create(path, records ? kLinearTlv : kTransparent, acl, size, {});
}

void Files::create_folder(BytesView path, BytesView name, const Acl& acl, std::size_t size) {
  create(path, kFolder, acl, size, name);
}

void Files::create(BytesView path, Byte type, const Acl& acl, std::size_t size, BytesView name) {
  if (size > 0x7FFF) throw TokenFull("the token keeps no file of this size");
  const BytesView folder = parent(path);
  select(folder);
  update_conditions_.clear();
  Bytes body = tlv::encode(type == kFolder ? kSizeOfBody : kSizeOfFile, write_be(size, 2));
  append(body, tlv::encode(0x82, Bytes{type}));
  append(body, tlv::encode(kIsoFileId, path.last(2)));
  if (!name.empty()) append(body, tlv::encode(kName, name));
  append(body, tlv::encode(0x85, Bytes{0x00}));
  append(body, tlv::encode(kAccess, Bytes(acl.begin(), acl.end())));
  const auto answer =
      card_->send(apdu::Command::case3(0x00, 0xE0, 0x00, 0x00, tlv::encode(kFcp, body)));
  if (answer.sw == sw::kFileExists)
    throw Inconsistent("a file of this number is on the token already");
  expect_ok("CREATE FILE", answer);
}

void Files::update(std::size_t offset, BytesView data) {
  while (!data.empty()) {
    const BytesView piece = data.first(std::min(max_update_, data.size()));
    expect_ok("UPDATE BINARY", card_->send(apdu::update_binary(offset, piece)));
    offset += piece.size();
    data = data.subspan(piece.size());
  }
}

void Files::remove(BytesView path) {
  if (const auto key = marked_key(path)) return destroy_key(*card_, *this, *key);
  const BytesView folder = parent(path);
  if (!exists(path)) throw ObjectNotFound("the file is not on the token");
  select(folder);
  expect_ok("DELETE FILE", card_->send(apdu::Command::case3(0x00, 0xE4, 0x00, 0x00, path.last(2))));
}

void Files::start_writing() {
  if (writing_) return;
  const auto phase = card_->send(apdu::get_data(kPhaseTag, apdu::kLeShortMax));
  expect_ok("GET DATA life cycle", phase);
  if (phase.data.size() == 1 && phase.data.front() == kUserPhase)
    expect_ok("change of the life cycle",
              card_->send(apdu::Command::case1(0x80, 0x10, 0x00, 0x00)));
  const auto buffer = card_->send(apdu::get_data(kBufferTag, apdu::Le{2}));
  // Header and Lc share the buffer with the data.
  constexpr std::size_t kHeader = 6;
  if (buffer.ok() && buffer.data.size() == 2 && read_be(buffer.data) > kHeader + kSmallBlock)
    max_update_ = std::min<std::size_t>(kMaxUpdate, read_be(buffer.data) - kHeader);
  writing_ = true;
}

std::vector<std::uint16_t> Files::children(BytesView path) {
  select(path);
  std::vector<std::uint16_t> found;
  Byte offset = 0;
  for (unsigned round = 0; round < kMaxRounds; ++round) {
    const auto answer =
        card_->send(apdu::Command::case2(0x80, 0x16, 0x02, offset, apdu::kLeShortMax));
    if (answer.sw == sw::kFileNotFound || answer.sw == sw::kRecordNotFound) break;
    expect_ok("DIRECTORY", answer);
    bool more = false;
    tlv::Reader reader(answer.data);
    while (const auto node = reader.next()) {
      if (node->tag == kMore && !node->value.empty()) {
        more = node->value.front() != offset;
        offset = node->value.front();
      }
      if (node->tag != kFci) continue;
      auto id = tlv::find(node->value, kFileId);
      if (!id) id = tlv::find(node->value, kIsoFileId);
      if (id && id->value.size() == 2)
        found.push_back(static_cast<std::uint16_t>(read_be(id->value)));
      if (found.size() > kMaxChildren) throw MalformedAnswer("the token lists too many files");
    }
    if (!more) break;
  }
  return found;
}

Byte Files::update_condition(BytesView path) {
  const Bytes name = to_bytes(pkcs15::relative_path(path));
  if (!update_conditions_.contains(name)) select(path);
  return update_conditions_.at(name);
}

bool Files::exists(BytesView path) {
  try {
    select(path);
    return true;
  } catch (const ObjectNotFound&) {
    return false;
  }
}

}  // namespace kilt::etoken::cardos
