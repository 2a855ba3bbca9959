#include "drivers/pkcs15/discovery.h"

#include <algorithm>

#include "apdu/tlv.h"
#include "drivers/crypto/asn1.h"

namespace kilt::pkcs15 {
namespace {

constexpr std::size_t kMaxApplications = 32;
constexpr std::uint32_t kTemplate = 0x61, kAid = 0x4F, kLabel = 0x50, kPath = 0x51,
                        kDiscretionary = 0x73;

/// The path in a Path SEQUENCE's contents.
Bytes path_in(BytesView sequence) {
  if (const auto inner = tlv::find(sequence, asn1::kSequence)) sequence = inner->value;
  const auto file = tlv::find(sequence, asn1::kOctetString);
  return file ? to_bytes(file->value) : Bytes{};
}

/// CIODDO: odfPath is a Path, tokenInfoPath (ciaInfoPath) one under tag [0].
void read_discretionary(BytesView contents, DirEntry& entry) {
  tlv::Reader reader(contents);
  while (const auto node = reader.next()) {
    if (node->tag == asn1::kSequence) entry.odf = path_in(node->value);
    if (node->tag == asn1::context(0)) entry.token_info = path_in(node->value);
  }
}

DirEntry decode_template(BytesView contents) {
  DirEntry entry;
  tlv::Reader reader(contents);
  while (const auto node = reader.next()) {
    if (node->tag == kAid) entry.aid = to_bytes(node->value);
    if (node->tag == kLabel) entry.label = to_text(node->value);
    if (node->tag == kPath) entry.path = to_bytes(node->value);
    if (node->tag == kDiscretionary) read_discretionary(node->value, entry);
  }
  return entry;
}

bool begins_with(BytesView value, BytesView head) {
  return value.size() >= head.size() && equal(value.first(head.size()), head);
}

}  // namespace

bool DirEntry::is_pkcs15() const noexcept {
  static const Bytes kStandard{0xE8, 0x28, 0xBD, 0x08, 0x0F};
  return begins_with(aid, application_id()) || begins_with(aid, kStandard);
}

const Bytes& application_id() {
  static const Bytes id{0xA0, 0x00, 0x00, 0x00, 0x63, 0x50, 0x4B, 0x43, 0x53, 0x2D, 0x31, 0x35};
  return id;
}

const Bytes& dir_path() {
  static const Bytes path{0x3F, 0x00, 0x2F, 0x00};
  return path;
}

std::vector<DirEntry> decode_dir(BytesView contents) {
  std::vector<DirEntry> entries;
  tlv::Reader reader(contents);
  while (!reader.rest().empty() && entries.size() < kMaxApplications) {
    if (reader.rest().front() == 0x00 || reader.rest().front() == 0xFF) {
      // Records are padded one by one: go on behind the padding.
      const BytesView rest = reader.rest();
      const auto next = std::ranges::find(rest, static_cast<Byte>(kTemplate));
      if (next == rest.end()) break;
      reader = tlv::Reader(rest.subspan(static_cast<std::size_t>(next - rest.begin())));
      continue;
    }
    try {
      const auto node = reader.next();
      if (node->tag != kTemplate) continue;
      entries.push_back(decode_template(node->value));
    } catch (const MalformedAnswer&) {
      break;
    }
  }
  return entries;
}

}  // namespace kilt::pkcs15
