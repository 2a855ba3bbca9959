#include "drivers/pkcs15/public_key.h"

#include "apdu/tlv.h"
#include "drivers/crypto/asn1.h"

namespace kilt::pkcs15 {
namespace {

Bytes without_leading_zeros(BytesView number) {
  while (number.size() > 1 && number.front() == 0) number = number.subspan(1);
  return to_bytes(number);
}

/// RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017, A.1.1).
PublicKey decode_rsa(BytesView sequence) {
  tlv::Reader reader(sequence);
  const auto modulus = reader.next();
  const auto exponent = reader.next();
  if (!modulus || !exponent || modulus->tag != asn1::kInteger || exponent->tag != asn1::kInteger ||
      modulus->value.empty() || exponent->value.empty())
    return std::monostate{};
  return RsaPublicKey{without_leading_zeros(modulus->value),
                      without_leading_zeros(exponent->value)};
}

/// OBJECT IDENTIFIER 1.2.643.2.2.35.n: the CryptoPro curves A, B, C (RFC 4357, 11.4).
Bytes cryptopro_curve(unsigned number) {
  if (number < 1 || number > 3) return {};
  return {0x06, 0x07, 0x2A, 0x85, 0x03, 0x02, 0x02, 0x23, static_cast<Byte>(number)};
}

PublicKey decode_point(const KeyEntry& entry, BytesView point) {
  if (entry.type == KeyType::kEc) return EcPublicKey{entry.ec_parameters, to_bytes(point)};
  if (entry.type == KeyType::kGost256 && point.size() == 64)
    return GostPublicKey{cryptopro_curve(entry.gost_parameters), {}, to_bytes(point)};
  return std::monostate{};
}

}  // namespace

PublicKey decode_public_key(const KeyEntry& entry, BytesView value) {
  const auto outer = tlv::Reader(value).next();
  if (!outer) return std::monostate{};
  if (outer->tag == asn1::kOctetString) return decode_point(entry, outer->value);
  if (outer->tag != asn1::kSequence) return std::monostate{};
  const auto first = tlv::Reader(outer->value).next();
  if (first && first->tag == asn1::kInteger) return decode_rsa(outer->value);
  // SubjectPublicKeyInfo: the key stands in a BIT STRING with no unused bits.
  const auto key = tlv::find(outer->value, asn1::kBitString);
  if (!key || key->value.size() < 2 || key->value.front() != 0) return std::monostate{};
  const BytesView inner = key->value.subspan(1);
  if (entry.type == KeyType::kEc) return decode_point(entry, inner);
  const auto body = tlv::Reader(inner).next();
  if (!body) return std::monostate{};
  if (body->tag == asn1::kOctetString) return decode_point(entry, body->value);
  return body->tag == asn1::kSequence ? decode_rsa(body->value) : PublicKey{};
}

}  // namespace kilt::pkcs15
