#include "drivers/pkcs15/encode.h"

#include "drivers/crypto/asn1.h"
#include "drivers/errors.h"

namespace kilt::pkcs15 {
namespace {

constexpr std::uint32_t kFlagPrivate = 1U << 0;
constexpr std::uint32_t kFlagModifiable = 1U << 1;

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) append(all, part);
  return all;
}

Bytes sequence(std::initializer_list<Bytes> parts) {
  return tlv::encode(asn1::kSequence, joined(parts));
}

Bytes octets(BytesView value) { return tlv::encode(asn1::kOctetString, value); }
Bytes text(const std::string& value) { return tlv::encode(asn1::kUtf8String, to_bytes(value)); }
Bytes number(std::int64_t value) { return tlv::encode(asn1::kInteger, asn1::integer_value(value)); }
Bytes flags(std::uint32_t value) { return tlv::encode(asn1::kBitString, asn1::bits_value(value)); }
Bytes boolean_true() { return tlv::encode(asn1::kBoolean, Bytes{0xFF}); }

Bytes encode_path(const Path& path) {
  Bytes body = octets(path.file);
  if (path.index) append(body, number(static_cast<std::int64_t>(*path.index)));
  if (path.length)
    append(body, tlv::encode(asn1::context_primitive(0),
                             asn1::integer_value(static_cast<std::int64_t>(*path.length))));
  return tlv::encode(asn1::kSequence, body);
}

Bytes encode_common(const Common& common, bool user_consent = false) {
  const std::uint32_t bits =
      (common.is_private ? kFlagPrivate : 0) | (common.modifiable ? kFlagModifiable : 0);
  Bytes body = text(common.label);
  append(body, flags(bits));
  if (!common.auth_id.empty()) append(body, octets(common.auth_id));
  if (user_consent) append(body, number(1));
  return tlv::encode(asn1::kSequence, body);
}

Bytes type_attributes(const Bytes& body) {
  return tlv::encode(asn1::context(1), tlv::encode(asn1::kSequence, body));
}

/// [0] CommonPrivateKeyAttributes: the name, and what else stood there.
Bytes subject_attributes(const Bytes& subject, BytesView others = {}) {
  Bytes body = subject;
  append(body, others);
  return body.empty() ? body : tlv::encode(asn1::context(0), tlv::encode(asn1::kSequence, body));
}

/// What stands in [0] besides the name; nothing in OpenSC's form, which is the name alone.
Bytes other_attributes(BytesView subclass) {
  Bytes others;
  const auto outer = tlv::find(subclass, asn1::kSequence);
  if (!outer) return others;
  tlv::Reader reader(outer->value);
  while (const auto node = reader.next())
    if (node->tag != asn1::kSequence && node->tag != asn1::kSet) append(others, node->encoded);
  return others;
}

std::uint32_t entry_tag(KeyType type) {
  switch (type) {
    case KeyType::kEc:
      return asn1::context(0);
    case KeyType::kGost256:
    case KeyType::kGost512:
      return asn1::context(4);
    case KeyType::kRsa:
      break;
  }
  return asn1::kSequence;
}

Bytes key_parameters(const KeyEntry& key) {
  switch (key.type) {
    case KeyType::kRsa:
      return number(key.modulus_bits);
    case KeyType::kEc:
      return key.ec_parameters;
    case KeyType::kGost256:
    case KeyType::kGost512:
      break;
  }
  return number(key.gost_parameters);
}

/// The SEQUENCE with its first element of type `tag` replaced, or put in front if it has none.
Bytes with_first(const tlv::Node& sequence, std::uint32_t tag, const Bytes& value) {
  Bytes body;
  bool done = false;
  tlv::Reader reader(sequence.value);
  while (const auto node = reader.next()) {
    if (node->tag == tag && !done) {
      append(body, tlv::encode(tag, value));
      done = true;
    } else {
      append(body, node->encoded);
    }
  }
  Bytes front = done ? Bytes{} : tlv::encode(tag, value);
  append(front, body);
  return tlv::encode(sequence.tag, front);
}

}  // namespace

Bytes encode_key(const KeyEntry& key, bool private_half) {
  Bytes attributes = octets(key.id);
  append(attributes, flags(key.usage));
  if (!key.native) append(attributes, tlv::encode(asn1::kBoolean, Bytes{0x00}));
  if (key.access != 0) append(attributes, flags(key.access));
  if (private_half) append(attributes, number(key.reference));
  Bytes type = encode_path(key.path);
  append(type, key_parameters(key));
  return tlv::encode(
      entry_tag(key.type),
      joined({encode_common(key.common, key.user_consent), tlv::encode(asn1::kSequence, attributes),
              subject_attributes(key.subject), type_attributes(type)}));
}

Bytes encode_certificate(const CertificateEntry& certificate) {
  Bytes attributes = octets(certificate.id);
  if (certificate.authority) append(attributes, boolean_true());
  return sequence({encode_common(certificate.common), tlv::encode(asn1::kSequence, attributes),
                   type_attributes(encode_path(certificate.path))});
}

Bytes encode_data(const DataEntry& data) {
  Bytes attributes = text(data.application);
  append(attributes, data.oid);
  return sequence({encode_common(data.common), tlv::encode(asn1::kSequence, attributes),
                   tlv::encode(asn1::context(1), encode_path(data.path))});
}

Bytes encode_pin(const PinEntry& pin) {
  Bytes type = flags(pin.flags);
  append(type, tlv::encode(asn1::kEnumerated, asn1::integer_value(pin.type)));
  append(type, number(pin.min_length));
  append(type, number(pin.stored_length));
  append(type, number(pin.max_length));
  append(type, tlv::encode(asn1::context_primitive(0), asn1::integer_value(pin.reference)));
  if (pin.pad) append(type, octets(Bytes{*pin.pad}));
  append(type, encode_path(pin.path));
  return sequence(
      {encode_common(pin.common), sequence({octets(pin.auth_id)}), type_attributes(type)});
}

Bytes encode_odf(const OdfEntry& entry) {
  return tlv::encode(asn1::context(static_cast<unsigned>(entry.kind)), encode_path(entry.path));
}

Bytes encode_token_info(const TokenInfoEntry& info) {
  Bytes body = number(0);
  append(body, octets(info.serial));
  append(body, text(info.manufacturer));
  append(body, tlv::encode(asn1::context_primitive(0), to_bytes(info.label)));
  append(body, flags(info.flags));
  if (!info.issuer.empty())
    append(body, tlv::encode(asn1::context_primitive(3), to_bytes(info.issuer)));
  if (!info.last_update.empty())
    append(body, tlv::encode(asn1::context_primitive(5), to_bytes(info.last_update)));
  return tlv::encode(asn1::kSequence, body);
}

Bytes with_names(BytesView entry, const ObjectChange& change) {
  // The first two parts of every entry: common attributes with the label, class attributes with
  // the id. Each is the first of its type there. A private key's name follows in [0].
  const auto outer = tlv::Reader(entry).next();
  if (!outer) throw MalformedAnswer("a directory entry is empty");
  Bytes body;
  tlv::Reader reader(outer->value);
  Bytes subclass;
  if (change.subject)
    if (const auto node = tlv::find(outer->value, asn1::context(0)))
      subclass = to_bytes(node->value);
  for (unsigned part = 0; const auto node = reader.next(); ++part) {
    if (part == 0 && change.label)
      append(body, with_first(*node, asn1::kUtf8String, to_bytes(*change.label)));
    else if (part == 1 && change.id)
      append(body, with_first(*node, asn1::kOctetString, *change.id));
    else if (node->tag != asn1::context(0) || !change.subject)
      append(body, node->encoded);
    if (part == 1 && change.subject)
      append(body, subject_attributes(*change.subject, other_attributes(subclass)));
  }
  return tlv::encode(outer->tag, body);
}

}  // namespace kilt::pkcs15
