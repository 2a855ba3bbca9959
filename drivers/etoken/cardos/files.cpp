#include "drivers/etoken/cardos/files.h"

#include <algorithm>

#include "apdu/tlv.h"
#include "drivers/pkcs15/directory.h"
#include "drivers/status.h"

namespace kilt::etoken::cardos {
namespace {

constexpr Byte kByPath = 0x08, kById = 0x00;
constexpr std::size_t kReadBlock = 128;  // a public driver for this card asks for no more
constexpr unsigned kMaxRounds = 64;
constexpr std::size_t kMaxChildren = 256;
constexpr std::uint32_t kFci = 0x6F, kFcp = 0x62, kMore = 0x8A, kFileId = 0x86, kIsoFileId = 0x83;
constexpr std::uint32_t kSizeOfFile = 0x80, kSizeOfBody = 0x81;

}  // namespace

std::size_t Files::select(BytesView path) {
  const BytesView relative = pkcs15::relative_path(path);
  const Bytes master{0x3F, 0x00};
  const auto answer = card_->send(relative.empty() ? apdu::select(kById, 0x00, master)
                                                   : apdu::select(kByPath, 0x00, relative));
  expect_ok("SELECT", answer);
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
    const std::size_t wanted = std::min(kReadBlock, length - contents.size());
    const auto answer = card_->send(
        apdu::read_binary(offset + contents.size(), apdu::Le{static_cast<std::uint32_t>(wanted)}));
    if (answer.sw == sw::kWrongOffset) break;
    const bool end = answer.sw == sw::kEndOfFile;
    if (!end) expect_ok("READ BINARY", answer);
    if (answer.data.size() > wanted) throw MalformedAnswer("READ BINARY brought too much");
    append(contents, answer.data);
    if (end || answer.data.size() < wanted) break;
  }
  return contents;
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

bool Files::exists(BytesView path) {
  try {
    select(path);
    return true;
  } catch (const ObjectNotFound&) {
    return false;
  }
}

}  // namespace kilt::etoken::cardos
