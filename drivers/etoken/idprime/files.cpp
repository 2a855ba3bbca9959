#include "drivers/etoken/idprime/files.h"

#include <algorithm>
#include <array>

#include "apdu/tlv.h"
#include "drivers/status.h"

namespace kilt::etoken::idprime {
namespace {

constexpr std::array<Byte, 11> kAppletId{0xA0, 0x00, 0x00, 0x00, 0x18, 0x80,
                                         0x00, 0x00, 0x00, 0x06, 0x62};
constexpr Byte kByName = 0x04, kByPath = 0x08;
constexpr std::size_t kReadBlock = 256;
constexpr std::size_t kMaxFile = 32767;
constexpr std::size_t kSessionId = 8;
constexpr std::uint32_t kFci = 0x6F, kFcp = 0x62, kSize = 0x81;

}  // namespace

bool Files::select_applet() {
  const auto answer = card_->send(apdu::select(kByName, 0x00, kAppletId, true));
  selected_ = answer.ok();
  session_id_.reset();
  return selected_;
}

// "Check reset and applet selection": 8 bytes that stay in a session, then the selected AID.
std::optional<Bytes> Files::session_id() {
  const auto answer = card_->send(apdu::Command::case2(0x00, 0xA6, 0x00, 0x00, apdu::Le{0x15}));
  const BytesView data(answer.data);
  if (!answer.ok() || data.size() < kSessionId + kAppletId.size() ||
      !equal(data.subspan(kSessionId, kAppletId.size()), kAppletId))
    return std::nullopt;
  return to_bytes(data.first(kSessionId));
}

bool Files::still_selected() {
  if (!selected_) {
    select_applet();
    return false;
  }
  const auto now = session_id();
  if (!session_id_) session_id_ = now;
  if (now && now == session_id_) return true;
  select_applet();
  session_id_ = session_id();
  // A card that never answers this cannot be asked: take it for unchanged.
  return !now && !session_id_;
}

apdu::Response Files::send(const apdu::Command& command) {
  if (!selected_ && !select_applet()) throw CardRemoved("the IDPrime applet is gone");
  return card_->send(command);
}

std::size_t Files::select(FileId file) {
  const auto answer = send(apdu::select(kByPath, 0x00, write_be(file, 2)));
  expect_ok("SELECT", answer);
  for (const std::uint32_t outer : {kFci, kFcp}) {
    const auto size = tlv::find_path(answer.data, {outer, kSize});
    if (size && !size->value.empty() && size->value.size() <= 4)
      return std::min<std::size_t>(read_be(size->value), kMaxFile);
  }
  throw MalformedAnswer("SELECT tells no size");
}

Bytes Files::read(std::size_t offset, std::size_t size) {
  Bytes contents;
  while (contents.size() < size) {
    const std::size_t wanted = std::min(kReadBlock, size - contents.size());
    const auto answer = send(
        apdu::read_binary(offset + contents.size(), apdu::Le{static_cast<std::uint32_t>(wanted)}));
    const bool end = answer.sw == sw::kEndOfFile;
    if (!end) expect_ok("READ BINARY", answer);
    if (answer.data.size() > wanted) throw MalformedAnswer("READ BINARY brought too much");
    append(contents, answer.data);
    if (end || answer.data.size() < wanted) break;
  }
  return contents;
}

Bytes Files::read_file(FileId file) { return read(0, select(file)); }

Bytes Files::read_records(FileId file, std::size_t record_size) {
  const std::size_t size = select(file);
  Bytes contents;
  while (contents.size() < size) {
    const std::size_t wanted = std::min(kReadBlock, size - contents.size());
    const Bytes block = read(contents.size(), wanted);
    append(contents, block);
    if (block.size() < wanted) break;
    for (std::size_t at = 0; at < contents.size(); at += record_size)
      if (contents[at] == 0) {
        contents.resize(at);
        return contents;
      }
  }
  return contents;
}

}  // namespace kilt::etoken::idprime
