#include "tests/virtual/iso7816/pkcs15.h"

#include <algorithm>

#include "tests/virtual/iso7816/tlv.h"

namespace kilt::vtoken::iso::pkcs15 {
namespace {

constexpr unsigned kBoolean = 0x01, kBitString = 0x03, kOctets = 0x04, kNull = 0x05,
                   kEnumerated = 0x0A, kUtf8 = 0x0C, kSequence = 0x30, kInteger = 0x02;

Bytes bit_string(const std::vector<unsigned>& set) {
  Bytes octets{0x00};
  for (const unsigned bit : set) {
    octets.resize(std::max<std::size_t>(octets.size(), bit / 8 + 2), 0x00);
    octets[bit / 8 + 1] |= static_cast<std::uint8_t>(0x80 >> bit % 8);
  }
  if (octets.size() > 1)
    while ((octets.back() >> octets[0] & 1) == 0) ++octets[0];
  return tlv(kBitString, octets);
}

Bytes label(const std::string& value) { return tlv(kUtf8, text(value)); }

/// typeAttributes of an object.
Bytes attributes(std::initializer_list<Bytes> parts) { return tlv(0xA1, tlv(kSequence, parts)); }

Bytes optional_octets(const Bytes& value) { return value.empty() ? Bytes() : tlv(kOctets, value); }

Bytes encode_key(const KeyObject& key, const Bytes& object_flags, const Bytes& access) {
  const Bytes common =
      tlv(kSequence, {label(key.label), object_flags, optional_octets(key.authentication),
                      key.consent ? integer(1) : Bytes()});
  Bytes algorithms;
  for (const unsigned one : key.algorithms) algorithms = join({algorithms, integer(one)});
  if (!algorithms.empty()) algorithms = tlv(0xA1, algorithms);
  const Bytes of_key =
      tlv(kSequence, {tlv(kOctets, key.id), key.usage, access, key.reference, algorithms});
  return tlv(kSequence,
             {common, of_key, attributes({encode(key.path), integer(key.modulus_bits)})});
}

}  // namespace

Bytes bits(std::initializer_list<unsigned> set) { return bit_string(set); }

Bytes integer(unsigned long value) {
  Bytes bytes;
  do {
    bytes.insert(bytes.begin(), static_cast<std::uint8_t>(value));
    value >>= 8;
  } while (value != 0);
  if (bytes[0] >= 0x80) bytes.insert(bytes.begin(), 0x00);
  return raw_integer(bytes);
}

Bytes raw_integer(const Bytes& bytes) { return tlv(kInteger, bytes); }

Bytes encode(const Path& path) {
  Bytes part;
  if (path.part) {
    Bytes length = integer(path.part->second);
    length[0] = 0x80;  // [0] IMPLICIT INTEGER
    part = join({integer(path.part->first), length});
  }
  if (path.application.empty()) return tlv(kSequence, {tlv(kOctets, path.file), part});
  const Bytes elsewhere = tlv(0xA1, {tlv(0x4F, path.application), tlv(kOctets, path.file)});
  return tlv(kSequence, {elsewhere, part});
}

Bytes encode(const PinObject& pin) {
  Bytes reference = integer(pin.reference);
  reference[0] = 0x80;  // [0] IMPLICIT
  return tlv(
      kSequence,
      {tlv(kSequence, {label(pin.label), bits({0}), optional_octets(pin.unblocked_by)}),
       tlv(kSequence, tlv(kOctets, pin.id)),
       attributes({bit_string(pin.flags), tlv(kEnumerated, {static_cast<std::uint8_t>(pin.type)}),
                   integer(pin.min), integer(pin.stored), integer(pin.max), reference,
                   pin.filler ? tlv(kOctets, {*pin.filler}) : Bytes(),
                   pin.path ? encode(*pin.path) : Bytes()})});
}

Bytes encode_private(const KeyObject& key) {
  // private; sensitive, always sensitive, never extractable, local
  return encode_key(key, bits({0}), bits({0, 2, 3, 4}));
}

Bytes encode_public(const KeyObject& key) { return encode_key(key, {}, bits({1, 4})); }

Bytes encode(const CertificateObject& certificate) {
  return tlv(kSequence, {tlv(kSequence, label(certificate.label)),
                         tlv(kSequence, {tlv(kOctets, certificate.id),
                                         certificate.authority ? tlv(kBoolean, {0xFF}) : Bytes()}),
                         attributes({encode(certificate.path)})});
}

Bytes encode(const TokenInfo& info) {
  Bytes algorithms;
  unsigned number = 0;
  for (const Algorithm& one : info.algorithms)
    algorithms = join(
        {algorithms, tlv(kSequence, {integer(++number), integer(one.mechanism), tlv(kNull, Bytes()),
                                     one.operations, tlv(0x06, unhex("2A864886F70D010101")),
                                     integer(one.reference)})});
  return tlv(kSequence, {integer(0), tlv(kOctets, info.serial), label(info.manufacturer),
                         tlv(0x80, text(info.label)), bits({1, 2}), tlv(0xA2, algorithms)});
}

}  // namespace kilt::vtoken::iso::pkcs15
