#include "drivers/pkcs15/entries.h"

#include <algorithm>
#include <array>
#include <utility>

#include "drivers/crypto/asn1.h"

namespace kilt::pkcs15 {
namespace {

using tlv::Node;
using tlv::Reader;

std::string utf8(const Node& node) { return to_text(node.value); }

std::size_t count(BytesView value) {
  const std::int64_t number = asn1::integer(value);
  if (number < 0) throw MalformedAnswer("a length in a PKCS#15 directory is negative");
  return static_cast<std::size_t>(number);
}

Path decode_path(BytesView sequence) {
  Path path;
  Reader reader(sequence);
  while (const auto node = reader.next()) {
    if (node->tag == asn1::kOctetString) path.file = to_bytes(node->value);
    if (node->tag == asn1::context(1)) {
      // ISO/IEC 7816-15: the application's identifier, then the path below it.
      constexpr std::uint32_t kAid = 0x4F;
      if (const auto aid = tlv::find(node->value, kAid)) path.file = to_bytes(aid->value);
      if (const auto file = tlv::find(node->value, asn1::kOctetString))
        append(path.file, file->value);
    }
    if (node->tag == asn1::kInteger) path.index = count(node->value);
    if (node->tag == asn1::context_primitive(0)) path.length = count(node->value);
  }
  return path;
}

/// ObjectValue: a path (SEQUENCE), or the value itself in a context tag.
void decode_value(const Node& node, Path& path, Bytes& direct) {
  if (node.tag == asn1::kSequence)
    path = decode_path(node.value);
  else
    direct = to_bytes(node.value);
}

Common decode_common(BytesView sequence, bool* user_consent = nullptr) {
  Common common;
  Reader reader(sequence);
  while (const auto node = reader.next()) {
    if (node->tag == asn1::kUtf8String) common.label = utf8(*node);
    if (node->tag == asn1::kBitString) {
      const std::uint32_t flags = asn1::bits(node->value);
      common.is_private = (flags & 1U) != 0;
      common.modifiable = (flags & 2U) != 0;
    }
    if (node->tag == asn1::kOctetString) common.auth_id = to_bytes(node->value);
    if (node->tag == asn1::kInteger && user_consent != nullptr)
      *user_consent = asn1::integer(node->value) > 0;
  }
  return common;
}

/// The parts of a PKCS15Object: common and class attributes, then [0] subclass and [1] type.
struct Parts {
  BytesView common, class_attributes, subclass_attributes, type_attributes;
};

Parts split(const Node& entry) {
  Parts parts;
  Reader reader(entry.value);
  if (const auto node = reader.next()) parts.common = node->value;
  if (const auto node = reader.next()) parts.class_attributes = node->value;
  while (const auto node = reader.next()) {
    if (node->tag == asn1::context(0)) parts.subclass_attributes = node->value;
    if (node->tag == asn1::context(1)) {
      // [1] is explicit: inside stands the SEQUENCE of type attributes.
      Reader inner(node->value);
      if (const auto body = inner.next()) parts.type_attributes = body->value;
    }
  }
  return parts;
}

/// subjectName of CommonPrivateKeyAttributes. By the standard [0] holds the SEQUENCE of these
/// attributes, whose first is the Name; OpenSC writes the Name alone. A Name consists of SETs.
Bytes decode_subject(BytesView subclass) try {
  const auto outer = tlv::find(subclass, asn1::kSequence);
  if (!outer) return {};
  Reader reader(outer->value);
  const auto first = reader.next();
  if (!first) return {};
  if (first->tag == asn1::kSet) return to_bytes(outer->encoded);
  return first->tag == asn1::kSequence ? to_bytes(first->encoded) : Bytes{};
} catch (const MalformedAnswer&) {
  return {};  // a key is worth more than its name
}

void decode_key_class(BytesView sequence, KeyEntry& key) {
  bool first_bits = true;
  Reader reader(sequence);
  while (const auto node = reader.next()) {
    switch (node->tag) {
      case asn1::kOctetString:
        key.id = to_bytes(node->value);
        break;
      case asn1::kBitString:
        (first_bits ? key.usage : key.access) = asn1::bits(node->value);
        first_bits = false;
        break;
      case asn1::kBoolean:
        key.native = !node->value.empty() && node->value.front() != 0;
        break;
      case asn1::kInteger:
        // Some issuers write 128..255 as a negative one-byte number: the low byte counts.
        key.reference = static_cast<Byte>(asn1::integer(node->value) & 0xFF);
        break;
      default:
        break;
    }
  }
}

void decode_key_type(BytesView sequence, KeyEntry& key) {
  bool have_value = false;
  Reader reader(sequence);
  while (const auto node = reader.next()) {
    if (!have_value) {
      decode_value(*node, key.path, key.direct_value);
      have_value = true;
    } else if (node->tag == asn1::kInteger) {
      const std::size_t number = count(node->value);
      if (key.type == KeyType::kRsa) key.modulus_bits = static_cast<unsigned>(number);
      if (key.type == KeyType::kGost256 && key.gost_parameters == 0)
        key.gost_parameters = static_cast<unsigned>(number);
    } else if (node->tag == asn1::kOid && key.type == KeyType::kEc) {
      key.ec_parameters = to_bytes(node->encoded);
    } else if (node->tag == asn1::kSequence && key.type == KeyType::kGost256) {
      // OpenSC writes the parameter numbers as SEQUENCE { gostR3410, gostR3411, gost28147 }.
      Reader inner(node->value);
      if (const auto first = inner.next(); first && first->tag == asn1::kInteger)
        key.gost_parameters = static_cast<unsigned>(count(first->value));
    }
  }
}

/// Of an oidDO's type attributes, OidDO ::= SEQUENCE { id, value } (PKCS#15 v1.1, 6.8): its value;
/// the id goes to `oid`. Some write them without the SEQUENCE.
BytesView oid_contents(BytesView attributes, Bytes& oid) {
  const auto sequence = tlv::find(attributes, asn1::kSequence);
  const bool wrapped = sequence && tlv::find(sequence->value, asn1::kOid);
  Reader reader(wrapped ? sequence->value : attributes);
  const auto id = reader.next();
  if (!id || id->tag != asn1::kOid) return attributes;
  oid = to_bytes(id->encoded);
  return reader.rest();
}

/// CHOICE of PKCS#15 v1.1, 6.3; [4] is OpenSC's for GOST.
KeyType key_type(std::uint32_t tag) {
  if (tag == asn1::kSequence) return KeyType::kRsa;
  if (tag == asn1::context(0)) return KeyType::kEc;
  if (tag == asn1::context(4)) return KeyType::kGost256;
  throw MalformedAnswer("a key that is neither RSA nor EC nor GOST");
}

/// Tag and contents of the next entry of an ODF, `file` moved behind it; nothing if none begins
/// here. One of indefinite length ends with 00 00; one cut short gives what is there of it.
std::optional<std::pair<std::uint32_t, BytesView>> next_odf_entry(BytesView& file) {
  const Byte tag = file[0];
  if (file[1] == 0x80) {
    constexpr std::array<Byte, 2> kEnd{0x00, 0x00};
    const BytesView rest = file.subspan(2);
    const auto end = std::ranges::search(rest, kEnd);
    const auto size = static_cast<std::size_t>(end.begin() - rest.begin());
    file = rest.subspan(std::min(rest.size(), size + kEnd.size()));
    return std::pair{std::uint32_t{tag}, rest.first(size)};
  }
  try {
    Reader reader(file);
    const auto node = reader.next();
    file = reader.rest();
    return std::pair{node->tag, node->value};
  } catch (const MalformedAnswer&) {
    return std::nullopt;
  }
}

}  // namespace

KeyEntry decode_key(const Node& entry) {
  KeyEntry key;
  key.type = key_type(entry.tag);
  const Parts parts = split(entry);
  key.common = decode_common(parts.common, &key.user_consent);
  decode_key_class(parts.class_attributes, key);
  decode_key_type(parts.type_attributes, key);
  key.subject = decode_subject(parts.subclass_attributes);
  if (key.id.empty() && key.reference == 0 && key.path.file.empty() && key.direct_value.empty())
    throw MalformedAnswer("a PKCS#15 directory has an entry that names no key");
  return key;
}

CertificateEntry decode_certificate(const Node& entry) {
  // Others of the CHOICE (PKCS#15 v1.1, 6.6) are attribute, SPKI, PGP, WTLS and X9.68 certificates.
  if (entry.tag != asn1::kSequence) throw MalformedAnswer("a certificate that is not X.509");
  CertificateEntry certificate;
  const Parts parts = split(entry);
  certificate.common = decode_common(parts.common);
  Reader attributes(parts.class_attributes);
  while (const auto node = attributes.next()) {
    if (node->tag == asn1::kOctetString) certificate.id = to_bytes(node->value);
    if (node->tag == asn1::kBoolean)
      certificate.authority = !node->value.empty() && node->value.front() != 0;
  }
  Reader value(parts.type_attributes);
  if (const auto node = value.next())
    decode_value(*node, certificate.path, certificate.direct_value);
  if (certificate.path.file.empty() && certificate.direct_value.empty())
    throw MalformedAnswer("a PKCS#15 directory has an entry that names no certificate");
  return certificate;
}

DataEntry decode_data(const Node& entry) {
  DataEntry data;
  Reader reader(entry.value);
  if (const auto node = reader.next()) data.common = decode_common(node->value);
  if (const auto node = reader.next()) {
    Reader attributes(node->value);
    while (const auto attribute = attributes.next()) {
      if (attribute->tag == asn1::kUtf8String) data.application = utf8(*attribute);
      if (attribute->tag == asn1::kOid) data.oid = to_bytes(attribute->encoded);
    }
  }
  bool has_value = false;  // a value in the directory itself may be empty
  while (const auto node = reader.next()) {
    if (node->tag != asn1::context(1)) continue;
    Reader value(entry.tag == asn1::context(1) ? oid_contents(node->value, data.oid) : node->value);
    if (const auto inner = value.next()) {
      decode_value(*inner, data.path, data.direct_value);
      has_value = inner->tag != asn1::kSequence || !data.path.file.empty();
    }
  }
  if (!has_value) throw MalformedAnswer("a PKCS#15 directory has an entry that names no data");
  return data;
}

std::optional<PinEntry> decode_pin(const Node& entry) {
  if (entry.tag != asn1::kSequence) return std::nullopt;
  PinEntry pin;
  const Parts parts = split(entry);
  if (parts.type_attributes.empty()) return std::nullopt;  // says nothing about a PIN
  pin.common = decode_common(parts.common);
  if (const auto id = tlv::find(parts.class_attributes, asn1::kOctetString))
    pin.auth_id = to_bytes(id->value);
  unsigned integers = 0;
  Reader reader(parts.type_attributes);
  while (const auto node = reader.next()) {
    switch (node->tag) {
      case asn1::kBitString:
        pin.flags = asn1::bits(node->value);
        break;
      case asn1::kEnumerated:
        pin.type = static_cast<unsigned>(count(node->value));
        break;
      case asn1::kInteger: {
        const auto number = static_cast<unsigned>(count(node->value));
        if (integers == 0) pin.min_length = number;
        if (integers == 1) pin.stored_length = number;
        if (integers == 2) pin.max_length = number;
        ++integers;
        break;
      }
      case asn1::context_primitive(0):
        pin.reference = static_cast<Byte>(asn1::integer(node->value) & 0xFF);
        break;
      case asn1::kOctetString:
        if (!node->value.empty()) pin.pad = node->value.front();
        break;
      case asn1::kSequence:
        pin.path = decode_path(node->value);
        break;
      default:
        break;
    }
  }
  return pin;
}

TokenInfoEntry decode_token_info(BytesView file) {
  TokenInfoEntry info;
  const auto sequence = tlv::find(file, asn1::kSequence);
  if (!sequence) throw MalformedAnswer("EF.TokenInfo does not begin with a SEQUENCE");
  Reader reader(sequence->value);
  while (const auto node = reader.next()) {
    switch (node->tag) {
      case asn1::kOctetString:
        info.serial = to_bytes(node->value);
        break;
      case asn1::kUtf8String:
        info.manufacturer = utf8(*node);
        break;
      case asn1::context_primitive(0):
        info.label = utf8(*node);
        break;
      case asn1::kBitString:
        info.flags = asn1::bits(node->value);
        break;
      case asn1::context_primitive(3):
        info.issuer = utf8(*node);
        break;
      case asn1::context_primitive(5):
        info.last_update = utf8(*node);
        break;
      case asn1::context(5):  // explicit tagging, as OpenSC and others write it
        if (const auto time = tlv::find(node->value, asn1::kGeneralizedTime))
          info.last_update = utf8(*time);
        break;
      default:
        break;
    }
  }
  return info;
}

// Entry by entry: one that is damaged costs itself, what lies behind the last one does not count.
std::vector<OdfEntry> decode_odf(BytesView file) {
  std::vector<OdfEntry> entries;
  try {
    // Some makers (STARCOS) put a SEQUENCE around the entries.
    const auto outer = tlv::Reader(file).next();
    if (outer && outer->tag == asn1::kSequence) file = outer->value;
  } catch (const MalformedAnswer&) {
    entries.clear();
  }
  while (file.size() > 2 && file.front() != 0x00 && file.front() != 0xFF) {
    const auto entry = next_odf_entry(file);
    if (!entry) break;
    const auto [tag, contents] = *entry;
    if (tag < asn1::context(0) || tag > asn1::context(8)) continue;
    try {
      const auto path = tlv::find(contents, asn1::kSequence);
      if (!path) continue;
      Path place = decode_path(path->value);
      if (!place.file.empty())
        entries.push_back({static_cast<DirectoryKind>(tag - asn1::context(0)), std::move(place)});
    } catch (const MalformedAnswer&) {
      continue;
    }
  }
  return entries;
}

}  // namespace kilt::pkcs15
