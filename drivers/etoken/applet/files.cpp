#include "drivers/etoken/applet/files.h"

#include <algorithm>

#include "apdu/tlv.h"
#include "drivers/status.h"

namespace kilt::etoken::applet {
namespace {

constexpr std::array<Byte, 7> kAppletId{0xA0, 0x00, 0x00, 0x03, 0x12, 0x02, 0x02};

constexpr Byte kProprietary = 0x80;
constexpr Byte kByName = 0x04, kByPath = 0x08;
constexpr Byte kWithFci = 0x04;

// Tags of the applet's data objects.
constexpr Byte kTagType = 0x01, kTagId = 0x02, kTagSize = 0x03, kTagAccess = 0x04,
               kTagSecurity = 0x05;
constexpr Byte kTagStart = 0x09, kTagChildren = 0x0A, kTagMore = 0x0B;
constexpr Byte kTagOffset = 0x0E, kTagData = 0x10;
constexpr Byte kTagInUse = 0x20, kTagTries = 0x23, kTagUnblocker = 0x06;

constexpr std::size_t kReadBlock = 240;  // what the maker's software asks for
constexpr std::size_t kChallenge = 8;
constexpr unsigned kMaxLists = 64;
constexpr std::size_t kMaxChildren = 512;
constexpr std::size_t kMaxOffset = 0xFFFF;

std::size_t number(const std::map<Byte, Bytes>& objects, Byte tag) {
  const auto found = objects.find(tag);
  if (found == objects.end() || found->second.empty() || found->second.size() > 2)
    throw MalformedAnswer("the token describes a file in an unknown way");
  return read_be(found->second);
}

Bytes wire_path(const FilePath& path) {
  Bytes bytes;
  for (const FileId id : path) append(bytes, write_be(id, 2));
  return bytes;
}

}  // namespace

std::map<Byte, Bytes> parse_objects(BytesView answer) {
  std::map<Byte, Bytes> objects;
  tlv::Reader reader(answer, tlv::Reader::Form::kSimple);
  while (const auto node = reader.next())
    objects.emplace(static_cast<Byte>(node->tag), to_bytes(node->value));
  return objects;
}

Fci parse_fci(BytesView answer) {
  const auto objects = parse_objects(answer);
  Fci fci;
  const std::size_t type = number(objects, kTagType);
  if (type < 1 || type > 3) throw MalformedAnswer("the token describes a file of an unknown kind");
  fci.type = static_cast<FileType>(type);
  fci.id = static_cast<FileId>(number(objects, kTagId));
  fci.size = number(objects, kTagSize);
  const auto access = objects.find(kTagAccess);
  if (access == objects.end() || access->second.size() != fci.access.size())
    throw MalformedAnswer("the token describes a file's rights in an unknown way");
  std::ranges::copy(access->second, fci.access.begin());
  if (const auto security = objects.find(kTagSecurity); security != objects.end())
    fci.security = security->second;
  return fci;
}

Listing parse_listing(BytesView answer) {
  const auto objects = parse_objects(answer);
  Listing listing;
  if (const auto children = objects.find(kTagChildren); children != objects.end()) {
    const BytesView ids(children->second);
    if (ids.size() % 2 != 0) throw MalformedAnswer("the token lists half a file");
    for (std::size_t i = 0; i < ids.size(); i += 2)
      listing.children.push_back(static_cast<FileId>(read_be(ids.subspan(i, 2))));
  }
  if (const auto more = objects.find(kTagMore); more != objects.end())
    listing.more = std::ranges::any_of(more->second, [](Byte byte) { return byte != 0; });
  return listing;
}

bool Files::select_applet() {
  const auto answer = card_->send(apdu::select(kByName, 0x00, kAppletId));
  selected_ = answer.ok();
  return selected_;
}

bool Files::still_selected() {
  constexpr std::uint16_t kSerial = 0x0107;
  return selected_ && card_->send(apdu::get_data(kSerial, apdu::kLeShortMax)).ok();
}

apdu::Response Files::send(const apdu::Command& command) {
  if (!selected_ && !select_applet()) throw CardRemoved("the eToken applet is gone");
  return card_->send(command);
}

Fci Files::select(const FilePath& path) {
  const auto answer = send(apdu::select(kByPath, kWithFci, wire_path(path)));
  // As other readers of these tokens have it, these two also mean "absent" here.
  if (answer.sw == sw::kReferencedDataNotFound || answer.sw == sw::kIncorrectP1P2)
    throw ObjectNotFound("SELECT: not on the token");
  return parse_fci(expect_ok("SELECT", answer).data);
}

Bytes Files::read(std::size_t offset, std::size_t size) {
  Bytes contents;
  while (contents.size() < size && offset + contents.size() <= kMaxOffset) {
    const std::size_t wanted = std::min(kReadBlock, size - contents.size());
    const Bytes where = tlv::encode_simple(kTagOffset, write_be(offset + contents.size(), 2));
    const auto answer = send(apdu::Command::case4(kProprietary, 0x18, 0x00, 0x00, where,
                                                  apdu::Le{static_cast<std::uint32_t>(wanted)}));
    const bool end = answer.sw == sw::kEndOfFile;
    if (!end) expect_ok("READ", answer);
    if (answer.data.size() > wanted) throw MalformedAnswer("the token reads more than was asked");
    append(contents, answer.data);
    if (end || answer.data.size() < wanted) break;
  }
  return contents;
}

Bytes Files::read_file(const FilePath& path) {
  const Fci fci = select(path);
  if (fci.type == FileType::kDirectory)
    throw MalformedAnswer("a directory stands where a file was");
  return read(0, fci.size);
}

std::vector<FileId> Files::list(const FilePath& path) {
  select(path);
  std::vector<FileId> children;
  for (unsigned round = 0; round < kMaxLists; ++round) {
    const Bytes start = tlv::encode_simple(kTagStart, write_be(children.size(), 2));
    const auto answer =
        send(apdu::Command::case4(kProprietary, 0x01, 0x00, 0x00, start, apdu::kLeShortMax));
    const Listing listing = parse_listing(expect_ok("LIST", answer).data);
    const std::size_t before = children.size();
    for (const FileId child : listing.children)
      if (std::ranges::find(children, child) == children.end()) children.push_back(child);
    if (children.size() > kMaxChildren) throw MalformedAnswer("the token lists too many files");
    if (!listing.more || children.size() == before) return children;
  }
  return children;
}

Bytes Files::get_data(Byte tag) {
  const auto answer =
      send(apdu::get_data(static_cast<std::uint16_t>(0x0100 | tag), apdu::kLeShortMax));
  return expect_ok("GET DATA", answer).data;
}

std::optional<std::map<Byte, Bytes>> Files::pin_object(KeyReference reference) {
  const Bytes wanted =
      tlv::encode_simple(kTagData, Bytes{kTagAccess, kTagInUse, kTagTries, kTagUnblocker});
  const auto answer = send(apdu::Command::case4(
      kProprietary, 0x07, 0x00, static_cast<Byte>(reference), wanted, apdu::kLeShortMax));
  if (!answer.ok()) return std::nullopt;
  try {
    return parse_objects(answer.data);
  } catch (const MalformedAnswer&) {
    return std::nullopt;
  }
}

std::optional<Bytes> Files::public_part() {
  auto command = apdu::Command::case2(kProprietary, 0x08, 0x00, 0x31, apdu::kLeShortMax);
  auto answer = send(command);
  // An RSA-2048 modulus with its header is more than a short answer holds.
  const bool may_be_longer = !answer.ok() || answer.data.size() == 256;
  if (may_be_longer && extended()) {
    command.le = apdu::kLeExtendedMax;
    answer = send(command);
  }
  if (!answer.ok()) return std::nullopt;
  return answer.data;
}

bool Files::extended() const {
  return card_->options().extended && card_->connection().extended_length();
}

Bytes Files::challenge() {
  const auto answer =
      send(apdu::Command::case2(kProprietary, 0x17, 0x00, 0x00, apdu::Le{kChallenge}));
  expect_ok("GET CHALLENGE", answer);
  if (answer.data.size() != kChallenge) throw MalformedAnswer("the challenge is not 8 bytes long");
  return answer.data;
}

StatusWord Files::authenticate(KeyReference reference, BytesView cryptogram) {
  auto command = apdu::Command::case3(kProprietary, 0x11, 0x00, static_cast<Byte>(reference),
                                      tlv::encode_simple(kTagData, cryptogram));
  command.privacy = apdu::Privacy::kSecret;
  return send(command).sw;
}

apdu::Response Files::send_rsa(const Bytes& body) {
  // P1 03, P2 31 as the one public capture has them; other values would be guesses.
  auto command = apdu::Command::case4(kProprietary, 0x0C, 0x03, 0x31, body, apdu::kLeShortMax);
  command.privacy = apdu::Privacy::kSecret;
  if (!command.fits_short()) {
    if (!extended())
      throw NotSupported(
          "this token takes RSA-2048 in extended APDUs only, which the reader does not carry");
    command.le = apdu::kLeExtendedMax;
  }
  return send(command);
}

Bytes Files::rsa(BytesView block) {
  auto answer = send_rsa(tlv::encode_simple(kTagData, block));
  // Short keys were never captured; the length form of long ones is the other candidate.
  if (block.size() < 0xFF && (answer.sw == sw::kIncorrectData || answer.sw == sw::kWrongLength)) {
    Bytes body{kTagData, 0xFF};
    append(body, write_be(block.size(), 2));
    append(body, block);
    answer = send_rsa(body);
  }
  expect_ok("RSA operation", answer);
  const auto objects = parse_objects(answer.data);
  const auto result = objects.find(kTagData);
  if (result == objects.end() || result->second.size() != block.size())
    throw MalformedAnswer("the RSA operation's answer has a wrong length");
  return result->second;
}

}  // namespace kilt::etoken::applet
