#include "drivers/etoken/applet/records.h"

#include <array>

#include "apdu/errors.h"
#include "apdu/tlv.h"

namespace kilt::etoken::applet {
namespace {

constexpr std::size_t kKeyPrefix = 6;          // flags, FF FF FF FF
constexpr std::size_t kCertificatePrefix = 1;  // 00
constexpr std::uint32_t kOid = 0x06, kOctetString = 0x04;
constexpr std::size_t kMaxFields = 64;

/// Length-prefixed fields up to the end, nothing if they do not end there.
std::optional<std::vector<Bytes>> fields(BytesView record, std::size_t prefix) {
  if (record.size() < prefix) return std::nullopt;
  BytesView rest = record.subspan(prefix);
  std::vector<Bytes> found;
  while (!rest.empty()) {
    const std::size_t size = rest.front();
    // No record with a field of 255 bytes or more was ever seen; the form is not known.
    if (size == 0xFF || size >= rest.size() || found.size() == kMaxFields) return std::nullopt;
    found.push_back(to_bytes(rest.subspan(1, size)));
    rest = rest.subspan(1 + size);
  }
  return found;
}

std::vector<Bytes> need_fields(BytesView record, std::size_t prefix, std::size_t least) {
  auto found = fields(record, prefix);
  if (!found || found->size() < least) throw MalformedAnswer("an attribute record of unknown make");
  return std::move(*found);
}

Bytes curve(const Bytes& field) {
  const auto oid = tlv::Reader(field).next();
  if (!oid || oid->tag != kOid || oid->encoded.size() != field.size())
    throw MalformedAnswer("an EC key's record names no curve");
  return field;
}

}  // namespace

Attributes parse_certificate_record(BytesView record) {
  auto found = need_fields(record, kCertificatePrefix, 2);
  Attributes attributes;
  attributes.label = to_text(found[0]);
  attributes.id = std::move(found[1]);
  return attributes;
}

// curve, label, (subject), id, …
Attributes parse_ec_private_record(BytesView record) {
  auto found = need_fields(record, kKeyPrefix, 4);
  Attributes attributes;
  attributes.parameters = curve(found[0]);
  attributes.label = to_text(found[1]);
  attributes.id = std::move(found[3]);
  return attributes;
}

// curve, point, label, (subject), id, …
Attributes parse_ec_public_record(BytesView record) {
  auto found = need_fields(record, kKeyPrefix, 5);
  Attributes attributes;
  attributes.parameters = curve(found[0]);
  const auto point = tlv::Reader(found[1]).next();
  if (!point || point->tag != kOctetString || point->encoded.size() != found[1].size() ||
      point->value.empty() || point->value.front() != 0x04)
    throw MalformedAnswer("an EC public key's record holds no point");
  attributes.point = to_bytes(point->value);
  attributes.label = to_text(found[2]);
  attributes.id = std::move(found[4]);
  return attributes;
}

std::vector<std::vector<Bytes>> read_unknown_record(BytesView record) {
  std::vector<std::vector<Bytes>> readings;
  for (const std::size_t prefix :
       std::array<std::size_t, 5>{kKeyPrefix, kCertificatePrefix, 2, 0, 4})
    if (auto found = fields(record, prefix)) readings.push_back(std::move(*found));
  return readings;
}

}  // namespace kilt::etoken::applet
