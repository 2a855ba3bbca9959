#include "drivers/crypto/pkcs12_writer.h"

#include "drivers/crypto/pkcs12_format.h"
#include "drivers/crypto/random.h"

namespace kilt::crypto {

using namespace pkcs12;

namespace {

/// Of new files: more than the CA's 1024, and every reader takes the count from the file.
constexpr unsigned kIterations = 10'000;
constexpr unsigned kStrongIterations = 600'000;
constexpr std::size_t kMacSalt = 20;

unsigned iterations_for(Encryption encryption) {
  return encryption == Encryption::kAes256 ? kStrongIterations : kIterations;
}

/// The AlgorithmIdentifier to write with.
Bytes algorithm_for(const Bytes& present, std::optional<Encryption> wanted) {
  if (wanted) return new_encryption(*wanted, iterations_for(*wanted));
  return renewed_encryption(present);
}

Bytes bmp_string(const std::string& text) {
  const Password units(to_bytes(text));  // the same encoding, with two zero bytes behind it
  return tlv::encode(kBmpString, units.bmp().first(units.bmp().size() - 2));
}

Bytes attribute(const char* oid, const Bytes& value) {
  return sequence({from_hex(oid), tlv::encode(kSet, value)});
}

}  // namespace

namespace pkcs12 {

Bytes write_bag(const Pkcs12Bag& bag, const Password& password,
                std::optional<Encryption> encryption) {
  Bytes value = bag.value;
  if (bag.kind == Pkcs12Bag::Kind::kKey) {
    if (bag.algorithm.empty()) {
      value = to_bytes(bag.secret.view());
    } else {
      const Bytes algorithm = algorithm_for(bag.algorithm, encryption);
      value = sequence(
          {algorithm, tlv::encode(asn1::kOctetString,
                                  encrypt_with_password(algorithm, password, bag.secret.view()))});
    }
  }
  Bytes body = bag.oid;
  append(body, tlv::encode(asn1::context(0), value));
  if (!bag.attributes.empty()) append(body, tlv::encode(kSet, bag.attributes));
  return tlv::encode(asn1::kSequence, body);
}

Bytes write_contents(const Bytes& bags, const Bytes& algorithm, const Password& password) {
  const Bytes contents = tlv::encode(asn1::kSequence, bags);
  if (algorithm.empty())
    return sequence({from_hex(kData),
                     tlv::encode(asn1::context(0), tlv::encode(asn1::kOctetString, contents))});
  const Bytes cryptogram = encrypt_with_password(algorithm, password, contents);
  const Bytes info =
      sequence({from_hex(kData), algorithm, tlv::encode(asn1::context_primitive(0), cryptogram)});
  return sequence({from_hex(kEncryptedData),
                   tlv::encode(asn1::context(0), sequence({from_hex("020100"), info}))});
}

Bytes write_file(const Bytes& safe, const Password& password, Hash mac, unsigned iterations) {
  const Bytes salt = random_bytes(kMacSalt);
  const Bytes value = mac_of(mac, password, salt, iterations, safe);
  const Bytes algorithm = sequence({hash_oid(mac), from_hex("0500")});
  const Bytes digest_info = sequence({algorithm, tlv::encode(asn1::kOctetString, value)});
  const Bytes mac_data = sequence({digest_info, tlv::encode(asn1::kOctetString, salt),
                                   tlv::encode(asn1::kInteger, asn1::integer_value(iterations))});
  const Bytes content = sequence(
      {from_hex(kData), tlv::encode(asn1::context(0), tlv::encode(asn1::kOctetString, safe))});
  return sequence({from_hex("020103"), content, mac_data});
}

}  // namespace pkcs12

void Pkcs12Bag::set_names(const Bytes& id, const std::string& name) {
  Bytes kept;
  tlv::Reader list(attributes);
  while (const auto one = list.next()) {
    const auto named = tlv::Reader(one->value).next();
    const std::string type = named ? to_hex(named->encoded) : "";
    if (type != kLocalKeyId && type != kFriendlyName) append(kept, one->encoded);
  }
  Bytes fresh;
  if (!name.empty()) append(fresh, attribute(kFriendlyName, bmp_string(name)));
  if (!id.empty()) append(fresh, attribute(kLocalKeyId, tlv::encode(asn1::kOctetString, id)));
  append(fresh, kept);
  attributes = std::move(fresh);
  local_key_id = id;
  friendly_name = name;
}

void Pkcs12::add_key(std::shared_ptr<HostKey> key, const Bytes& id, const std::string& name) {
  Pkcs12Bag bag;
  bag.kind = Pkcs12Bag::Kind::kKey;
  bag.oid = from_hex(kShroudedKeyBag);
  bag.secret = key->private_key_info();
  // As the other keys of the file are; else as the CA's software does it.
  for (const Pkcs12Bag& other : bags_)
    if (other.kind == Pkcs12Bag::Kind::kKey && !other.algorithm.empty())
      bag.algorithm = other.algorithm;
  if (bag.algorithm.empty()) bag.algorithm = new_encryption(Encryption::kTripleDes, kIterations);
  bag.key = std::move(key);
  bag.set_names(id, name);
  bags_.push_back(std::move(bag));
}

void Pkcs12::add_certificate(BytesView der, const Bytes& id, const std::string& name) {
  Pkcs12Bag bag;
  bag.kind = Pkcs12Bag::Kind::kCertificate;
  bag.oid = from_hex(kCertBag);
  bag.certificate = to_bytes(der);
  bag.value = sequence({from_hex(kX509Certificate),
                        tlv::encode(asn1::context(0), tlv::encode(asn1::kOctetString, der))});
  bag.set_names(id, name);
  bags_.push_back(std::move(bag));
}

Bytes Pkcs12::write(const Password& password, std::optional<Encryption> encryption) const {
  std::vector<Part> parts;
  for (const Part& part : parts_) parts.push_back(part);
  // New keys go into the first plain part, new certificates into the first enciphered one.
  const auto place = [&](bool enciphered) {
    for (std::size_t i = 0; i < parts.size(); ++i)
      if (parts[i].raw.empty() && parts[i].algorithm.empty() != enciphered) return i;
    Part fresh;
    if (enciphered) fresh.algorithm = new_encryption(Encryption::kTripleDes, kIterations);
    parts.push_back(std::move(fresh));
    return parts.size() - 1;
  };
  std::vector<std::vector<const Pkcs12Bag*>> placed(parts.size() + 2);
  for (const Pkcs12Bag& bag : bags_) {
    const std::size_t part =
        bag.part == Pkcs12Bag::kNewPart ? place(bag.kind != Pkcs12Bag::Kind::kKey) : bag.part;
    placed.at(part).push_back(&bag);
  }
  Bytes infos;
  for (std::size_t i = 0; i < parts.size(); ++i)
    append(infos, write_part(parts[i], placed[i], password, encryption));
  const bool strong = encryption == Encryption::kAes256;
  const Hash mac = strong ? Hash::kSha256 : mac_;
  const unsigned least = strong ? kStrongIterations : kIterations;
  const unsigned iterations = mac_iterations_ == 0 || strong ? least : mac_iterations_;
  return write_file(tlv::encode(asn1::kSequence, infos), password, mac, iterations);
}

Bytes Pkcs12::write_part(const Part& part, const std::vector<const Pkcs12Bag*>& bags,
                         const Password& password, std::optional<Encryption> encryption) const {
  if (!part.raw.empty()) return part.raw;
  Bytes contents;
  for (const Pkcs12Bag* bag : bags) append(contents, write_bag(*bag, password, encryption));
  const Bytes algorithm =
      part.algorithm.empty() ? Bytes{} : algorithm_for(part.algorithm, encryption);
  return write_contents(contents, algorithm, password);
}

}  // namespace kilt::crypto
