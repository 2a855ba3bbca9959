#include "drivers/crypto/gost_key.h"

#include <algorithm>
#include <array>

#include "apdu/tlv.h"
#include "drivers/crypto/asn1.h"
#include "drivers/crypto/errors.h"
#include "drivers/crypto/gost.h"

namespace kilt::crypto {
namespace {

// DER of the public-key algorithms.
constexpr const char* kKazakh512 = "06092A830E030A01010202";   // 1.2.398.3.10.1.1.2.2
constexpr const char* kKazakh2004 = "06092A830E030A01010101";  // 1.2.398.3.10.1.1.1.1
constexpr const char* kRussian2001 = "06062A8503020213";       // 1.2.643.2.2.19
constexpr const char* kRussian256 = "06082A85030701010101";    // 1.2.643.7.1.1.1.1
constexpr const char* kRussian512 = "06082A85030701010102";    // 1.2.643.7.1.1.1.2
constexpr std::array kAlgorithms{kKazakh512, kKazakh2004, kRussian2001, kRussian256, kRussian512};

/// Little-endian, from an INTEGER's big-endian octets. How many there are is told by the file; what
/// they are is not looked at, but for those that are too many and must be zero. Throws
/// MalformedAnswer.
Bytes from_integer(BytesView number, std::size_t size) {
  Byte surplus = 0;
  while (number.size() > size) {
    surplus |= number.front();
    number = number.subspan(1);
  }
  if (surplus != 0) throw MalformedAnswer("the private key is damaged");
  return reversed(number);
}

/// The scalar little-endian: an OCTET STRING holds it so, an INTEGER big-endian (2004 keys).
SecureBytes scalar_of(BytesView contents, std::size_t size) {
  const auto node = tlv::Reader(contents).next();
  Bytes scalar;
  if (node && node->encoded.size() == contents.size() && node->tag == asn1::kInteger)
    scalar = from_integer(node->value, size);
  else if (node && node->encoded.size() == contents.size() && node->tag == asn1::kOctetString)
    scalar = to_bytes(node->value);
  else if (contents.size() == size)
    scalar = to_bytes(contents);
  if (scalar.empty() || scalar.size() > size) throw MalformedAnswer("the private key is damaged");
  scalar.resize(size, 0x00);
  return SecureBytes(std::move(scalar));
}

class GostHostKey : public HostKey {
 public:
  GostHostKey(GostPublicKey names, GostKey key) : key_(std::move(key)) {
    names.point = key_.point();
    public_ = std::move(names);
  }
  [[nodiscard]] KeyType type() const override { return gost_key_type(key_.curve()); }
  [[nodiscard]] unsigned bits() const override {
    return static_cast<unsigned>(8 * gost_size(key_.curve()));
  }
  [[nodiscard]] const PublicKey& public_key() const override { return public_; }
  [[nodiscard]] SecureBytes private_key_info() const override {
    const auto& names = std::get<GostPublicKey>(public_);
    const SecureBytes scalar = key_.scalar();
    Bytes inner;
    if (type() == KeyType::kGost256 && is_kazakh(names.parameters)) {
      Bytes number{0x00};  // the CA's old keys: an INTEGER
      append(number, reversed(scalar.view()));
      BytesView shortest = number;
      while (shortest.size() > 1 && shortest[0] == 0 && (shortest[1] & 0x80) == 0)
        shortest = shortest.subspan(1);
      inner = tlv::encode(asn1::kInteger, shortest);
    } else {
      inner = tlv::encode(asn1::kOctetString, scalar.view());
    }
    Bytes body = from_hex("020100");
    append(body, tlv::encode(asn1::kSequence, gost_algorithm(names)));
    append(body, tlv::encode(asn1::kOctetString, inner));
    return SecureBytes(tlv::encode(asn1::kSequence, body));
  }
  [[nodiscard]] Bytes sign(BytesView input) const override { return key_.sign(input); }
  [[nodiscard]] SecureBytes decrypt(BytesView) const override {
    throw NotSupported("GOST keys do not decipher");
  }

 private:
  GostKey key_;
  PublicKey public_;
};

/// The parameters' two OBJECT IDENTIFIERs. Throws MalformedAnswer.
GostPublicKey names_of(BytesView parameters) {
  const auto sequence = tlv::Reader(parameters).next();
  if (!sequence || sequence->tag != asn1::kSequence)
    throw MalformedAnswer("the GOST key has no parameters");
  tlv::Reader fields(sequence->value);
  const auto curve = fields.next();
  const auto hash = fields.next();
  if (!curve || curve->tag != asn1::kOid) throw MalformedAnswer("the GOST key has no parameters");
  GostPublicKey names;
  names.parameters = to_bytes(curve->encoded);
  if (hash && hash->tag == asn1::kOid) names.hash_parameters = to_bytes(hash->encoded);
  return names;
}

GostCurve known_curve(const GostPublicKey& names) {
  const GostCurve curve = gost_curve(names.parameters);
  if (curve == GostCurve::kUnknown)
    throw NotSupported("the GOST key's parameter set is not known here");
  return curve;
}

}  // namespace

bool is_gost_algorithm(BytesView oid) {
  const std::string hex = to_hex(oid);
  return std::ranges::any_of(kAlgorithms, [&](const char* known) { return hex == known; });
}

std::unique_ptr<HostKey> read_gost_key(BytesView, BytesView parameters, BytesView contents) {
  GostPublicKey names = names_of(parameters);
  const GostCurve curve = known_curve(names);
  const SecureBytes scalar = scalar_of(contents, gost_size(curve));
  return std::make_unique<GostHostKey>(std::move(names), GostKey(curve, scalar.view()));
}

std::unique_ptr<HostKey> make_gost_key(const Bytes& parameters, const Bytes& hash_parameters,
                                       const SecureBytes& scalar) {
  GostPublicKey names{parameters, hash_parameters, {}};
  const GostCurve curve = known_curve(names);
  Bytes turned = reversed(scalar.view());
  if (turned.size() > gost_size(curve)) throw InvalidData("the private key is out of range");
  turned.resize(gost_size(curve), 0x00);
  const SecureBytes little(std::move(turned));
  return std::make_unique<GostHostKey>(std::move(names), GostKey(curve, little.view()));
}

std::unique_ptr<HostKey> generate_gost_key(const Bytes& parameters, const Bytes& hash_parameters) {
  GostPublicKey names{parameters, hash_parameters, {}};
  const GostCurve curve = known_curve(names);
  if (names.hash_parameters.empty() && is_kazakh(parameters))
    names.hash_parameters =
        gost_key_type(curve) == KeyType::kGost512 ? kazakh_512_hash() : kazakh_2004_hash();
  return std::make_unique<GostHostKey>(std::move(names), GostKey::generate(curve));
}

Bytes gost_algorithm(const GostPublicKey& key) {
  const bool long_key = key.point.size() == 128;
  const char* oid = kRussian2001;
  if (is_kazakh(key.parameters))
    oid = long_key ? kKazakh512 : kKazakh2004;
  else if (long_key)
    oid = kRussian512;
  else if (gost_hash_of(key) == Hash::kStreebog256)
    oid = kRussian256;
  Bytes body = from_hex(oid);
  Bytes parameters = key.parameters;
  append(parameters, key.hash_parameters);
  append(body, tlv::encode(asn1::kSequence, parameters));
  return body;
}

PublicKey read_gost_public_key(BytesView public_key_info) {
  try {
    const auto outer = tlv::Reader(public_key_info).next();
    if (!outer || outer->tag != asn1::kSequence) return std::monostate{};
    tlv::Reader fields(outer->value);
    const auto algorithm = fields.next();
    const auto bits = fields.next();
    if (!algorithm || !bits || bits->tag != asn1::kBitString || bits->value.size() < 2 ||
        bits->value.front() != 0)
      return std::monostate{};
    tlv::Reader identifier(algorithm->value);
    const auto oid = identifier.next();
    if (!oid || !is_gost_algorithm(oid->encoded)) return std::monostate{};
    GostPublicKey key = names_of(identifier.rest());
    const auto point = tlv::Reader(bits->value.subspan(1)).next();
    if (!point || point->tag != asn1::kOctetString ||
        (point->value.size() != 64 && point->value.size() != 128))
      return std::monostate{};
    key.point = to_bytes(point->value);
    return key;
  } catch (const MalformedAnswer&) {
    return std::monostate{};
  }
}

}  // namespace kilt::crypto
