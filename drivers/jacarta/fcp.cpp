#include "drivers/jacarta/fcp.h"

#include "apdu/tlv.h"

namespace kilt::jacarta {
namespace {

constexpr std::uint32_t kCount = 0xD1, kEntry = 0xD2;
constexpr std::size_t kMaxEntries = 512;
constexpr Byte kPinAlgorithm = 0x00;

void read_tag(Fcp& fcp, const tlv::Node& node) {
  const BytesView value = node.value;
  switch (node.tag) {
    case 0x80:
    case 0x81:  // read if 80 is missing
      if (!value.empty() && value.size() <= 4 && (node.tag == 0x80 || fcp.size == 0))
        fcp.size = read_be(value);
      break;
    case 0x83:
      if (value.size() == 2) fcp.id = static_cast<FileId>(read_be(value));
      break;
    case 0x84:
      fcp.name = to_text(value);
      break;
    case 0x85:
    case 0xA5:
      fcp.properties = to_bytes(value);
      break;
    case 0x86:
      fcp.rules.clear();
      for (std::size_t i = 0; i + 2 <= value.size(); i += 2)
        fcp.rules.push_back({static_cast<std::uint16_t>(read_be(value.subspan(i, 2)))});
      break;
    case 0x87:
      if (value.size() == 1) fcp.type = value[0];
      break;
    default:
      break;
  }
}

}  // namespace

std::optional<AccessRule> Fcp::rule(std::size_t index) const {
  if (index >= rules.size()) return std::nullopt;
  return rules[index];
}

Fcp parse_fcp(BytesView answer) {
  auto outer = tlv::find(answer, 0x62);
  if (!outer) outer = tlv::find(answer, 0x6F);
  if (!outer) throw MalformedAnswer("SELECT brought no file control parameters");
  Fcp fcp;
  tlv::Reader reader(outer->value);
  while (const auto node = reader.next()) read_tag(fcp, *node);
  return fcp;
}

// As created: tries and unblocks in byte 4, the policy from byte 5. As selected: byte 4 is left and
// maximum, one byte of unblocks more, the policy from byte 6.
std::optional<PinProperties> parse_pin_properties(BytesView properties) {
  constexpr std::size_t kCreated = 14, kSelected = 15;
  if (properties.size() < kCreated || properties[2] != kPinAlgorithm) return std::nullopt;
  const bool selected = properties.size() >= kSelected;
  PinProperties pin;
  if (selected) {
    pin.tries_left = properties[4] >> 4;
    pin.tries_max = properties[4] & 0x0FU;
  } else {
    pin.tries_max = properties[4] >> 4;
  }
  const std::size_t policy = selected ? 6 : 5;
  // A policy of zeros sets no limits.
  if (properties[policy] != 0) pin.min_length = properties[policy];
  if (properties[policy + 1] != 0) pin.max_length = properties[policy + 1];
  return pin;
}

Listing parse_listing(BytesView answer) {
  Listing listing;
  tlv::Reader reader(answer);
  const auto count = reader.next();
  if (!count || count->tag != kCount || count->value.size() != 2)
    throw MalformedAnswer("a directory listing has no count");
  const std::size_t expected = read_be(count->value);
  try {
    while (const auto node = reader.next()) {
      if (node->tag != kEntry || node->value.size() < 2) continue;
      if (listing.entries.size() >= kMaxEntries)
        throw MalformedAnswer("a directory listing does not end");
      listing.entries.push_back(
          {static_cast<FileId>(read_be(node->value.first(2))), to_text(node->value.subspan(2))});
    }
  } catch (const MalformedAnswer&) {
    if (listing.entries.size() >= kMaxEntries) throw;  // else the last entry was cut
  }
  listing.complete = listing.entries.size() >= expected;
  return listing;
}

}  // namespace kilt::jacarta
