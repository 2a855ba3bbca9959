#include "drivers/jacarta/files.h"

#include <algorithm>

#include "apdu/tlv.h"
#include "drivers/status.h"

namespace kilt::jacarta {
namespace {

constexpr FileId kMasterFile = 0x3F00;
constexpr std::size_t kMaxRead = 256, kMaxUpdate = 255;
constexpr std::size_t kMaxOffset = 0x7FFF;
constexpr Byte kOwnClass = 0x80;
constexpr Byte kByPath = 0x08, kByName = 0x04;
// P2 of SELECT, the reverse of ISO's.
constexpr Byte kNoAnswer = 0x00, kWithFcp = 0x0C;
constexpr Byte kLifeCycleActive = 0x04;

const Bytes& applet_name() {
  static const Bytes name{0xA0, 0x00, 0x00, 0x01, 0x64, 'L', 'A', 'S', 'E', 'R', 0x00, 0x01};
  return name;
}

FilePath parent_of(const FilePath& path) { return {path.begin(), path.end() - 1}; }

bool other_applet(StatusWord sw) {
  return sw == sw::kInsNotSupported || sw == sw::kClaNotSupported;
}

}  // namespace

Bytes encode_new_file(const NewFile& file) {
  Bytes body = tlv::encode(0x8A, Bytes{kLifeCycleActive});
  append(body, tlv::encode(0x83, write_be(file.path.back(), 2)));
  append(body, tlv::encode(0x80, write_be(file.size, 2)));
  if (!file.name.empty()) append(body, tlv::encode(0x84, to_bytes(file.name)));
  if (!file.properties.empty()) append(body, tlv::encode(0x85, file.properties));
  Bytes rules;
  for (const AccessRule rule : file.rules) append(rules, write_be(rule.value, 2));
  append(body, tlv::encode(0x86, rules));
  append(body, file.value);
  return tlv::encode(0x62, body);
}

apdu::Command select_command(const FilePath& path, bool with_fcp) {
  Bytes name = write_be(kMasterFile, 2);
  for (const FileId id : path) append(name, write_be(id, 2));
  if (!with_fcp) return apdu::Command::case3(kOwnClass, 0xA4, kByPath, kNoAnswer, name);
  return apdu::Command::case4(kOwnClass, 0xA4, kByPath, kWithFcp, name, apdu::kLeShortMax);
}

bool Files::select_applet() {
  const auto answer = card_->send(apdu::select(kByName, kNoAnswer, applet_name()));
  applet_selected_ = answer.ok();
  return applet_selected_;
}

// Another program may have selected another applet of the card: an instruction or class that this
// one knows is then refused. The login went with the selection; that shows in what follows.
apdu::Response Files::send_select(const FilePath& path, bool with_fcp) {
  if (!applet_selected_ && !select_applet())
    throw ObjectNotFound("the token's PKI applet cannot be selected");
  const apdu::Command command = select_command(path, with_fcp);
  auto answer = card_->send(command);
  if (other_applet(answer.sw) && select_applet()) answer = card_->send(command);
  return answer;
}

void Files::select(const FilePath& path) { expect_ok("SELECT", send_select(path, false)); }

Fcp Files::fcp(const FilePath& path) {
  return parse_fcp(expect_ok("SELECT", send_select(path, true)).data);
}

bool Files::exists(const FilePath& path) {
  const auto answer = send_select(path, false);
  if (answer.sw == sw::kFileNotFound) return false;
  if (answer.sw == sw::kSecurityStatusNotSatisfied) return true;
  expect_ok("SELECT", answer);
  return true;
}

Listing Files::children(const FilePath& directory, FileType type) {
  select(directory);
  const auto answer = card_->send(
      apdu::Command::case2(kOwnClass, 0x30, static_cast<Byte>(type), 0x00, apdu::kLeShortMax));
  return parse_listing(expect_ok("list files", answer).data);
}

// 61nn is no promise of GET RESPONSE here but the remark that the file goes on.
apdu::Response Files::read_block(std::size_t offset, std::size_t length) {
  auto command = apdu::read_binary(offset, apdu::Le{static_cast<std::uint32_t>(length)});
  command.follow_61 = false;
  auto answer = card_->send(command);
  if (answer.data.size() > length)
    throw MalformedAnswer("READ BINARY brought more than was asked for");
  if (answer.sw.sw1() == 0x61 || answer.sw == sw::kEndOfFile) answer.sw = sw::kOk;
  return answer;
}

void Files::read_on(Bytes& contents, std::size_t limit) {
  while (contents.size() < limit && contents.size() <= kMaxOffset) {
    const auto answer = read_block(contents.size(), kMaxRead);
    if (!contents.empty() && (answer.sw == sw::kWrongOffset || answer.sw == sw::kIncorrectP1P2))
      break;  // the last block ended where the file does
    append(contents, expect_ok("READ BINARY", answer).data);
    if (answer.data.size() < kMaxRead) break;
  }
}

Bytes Files::read_at(std::size_t offset, std::size_t length) {
  const auto answer = read_block(offset, length);
  if (expect_ok("READ BINARY", answer).data.size() != length)
    throw MalformedAnswer("READ BINARY brought fewer bytes than there should be");
  return answer.data;
}

void Files::update(std::size_t offset, BytesView data) {
  if (offset + data.size() > kMaxFile) throw TokenFull("an object on this token has at most 32 KB");
  while (!data.empty()) {
    const BytesView piece = data.first(std::min(kMaxUpdate, data.size()));
    expect_ok("UPDATE BINARY", card_->send(apdu::update_binary(offset, piece)));
    offset += piece.size();
    data = data.subspan(piece.size());
  }
}

bool Files::reallocate(BytesView contents) {
  if (contents.size() > kMaxFile) throw TokenFull("an object on this token has at most 32 KB");
  Bytes body = write_be(contents.size(), 2);
  append(body, Bytes{0x00, 0x00, 0x62, 0x82});  // from offset 0, the length in two bytes
  append(body, write_be(contents.size(), 2));
  append(body, contents);
  const auto answer = card_->send(apdu::Command::case3(kOwnClass, 0x32, 0x00, 0x03, body));
  // Whose rule governs this command is not public; the caller's other way shows who is right.
  if (other_applet(answer.sw) || answer.sw == sw::kFunctionNotSupported ||
      answer.sw == sw::kIncorrectP1P2 || answer.sw == sw::kSecurityStatusNotSatisfied)
    return false;
  expect_ok("reallocate", answer);
  return true;
}

void Files::create(const NewFile& file) {
  select(parent_of(file.path));
  auto command =
      apdu::Command::case3(0x00, 0xE0, static_cast<Byte>(file.type), 0x00, encode_new_file(file));
  if (!file.value.empty()) command.privacy = apdu::Privacy::kSecret;
  const auto answer = card_->send(command);
  if (answer.sw == sw::kFileExists)
    throw Inconsistent("a file of this number is on the token already");
  expect_ok("CREATE FILE", answer);
}

bool Files::remove(const FilePath& path, bool directory) {
  const auto answer = send_select(path, false);
  if (answer.sw == sw::kFileNotFound) return false;
  expect_ok("SELECT", answer);
  expect_ok("DELETE FILE", card_->send(apdu::Command::case1(0x00, 0xE4, directory ? 1 : 0, 0x00)));
  return true;
}

}  // namespace kilt::jacarta
