#include "drivers/delegate/objects.h"

#include <algorithm>

#include "apdu/tlv.h"
#include "drivers/crypto/tc26.h"
#include "drivers/errors.h"
#include "drivers/fingerprint.h"

namespace kilt::delegate {
namespace {

constexpr std::uint32_t kOctetString = 0x04, kOid = 0x06;

std::optional<KeyType> key_type(std::optional<CK_ULONG> type) {
  if (type == CKK_RSA) return KeyType::kRsa;
  if (type == CKK_EC) return KeyType::kEc;
  if (type == CKK_GOSTR3410) return KeyType::kGost256;
  if (type == tc26::kGost512Key) return KeyType::kGost512;
  return std::nullopt;
}

Bytes without_leading_zeros(Bytes number) {
  const auto first = std::ranges::find_if(number, [](Byte byte) { return byte != 0; });
  number.erase(number.begin(), first);
  return number;
}

unsigned bits_of(const PublicKey& key) {
  if (const auto* rsa = std::get_if<RsaPublicKey>(&key)) {
    if (rsa->modulus.empty()) return 0;
    unsigned bits = static_cast<unsigned>(rsa->modulus.size() * 8);
    for (Byte top = rsa->modulus.front(); top != 0 && (top & 0x80) == 0;
         top = static_cast<Byte>(top << 1))
      --bits;
    return bits;
  }
  if (const auto* ec = std::get_if<EcPublicKey>(&key)) {
    // secp521r1 is the one curve whose order has no whole number of bytes.
    const auto bits = static_cast<unsigned>((ec->point.size() - 1) / 2 * 8);
    return bits == 528 ? 521 : bits;
  }
  if (const auto* gost = std::get_if<GostPublicKey>(&key))
    return static_cast<unsigned>(gost->point.size() / 2 * 8);
  return 0;
}

/// CKA_EC_POINT is an OCTET STRING around the point; some modules give the point alone.
std::optional<Bytes> ec_point(const Bytes& value) {
  const auto valid = [](BytesView point) {
    return point.size() >= 3 && point.size() % 2 == 1 && point.front() == 0x04;
  };
  try {
    const auto node = tlv::Reader(value).next();
    if (node && node->tag == kOctetString && node->encoded.size() == value.size() &&
        valid(node->value))
      return to_bytes(node->value);
  } catch (const MalformedAnswer&) {
    if (!valid(value)) return std::nullopt;
  }
  if (valid(value)) return value;
  return std::nullopt;
}

}  // namespace

ObjectRef ref_of(CK_OBJECT_CLASS object_class, CK_OBJECT_HANDLE handle) {
  ObjectRef ref = write_be(object_class, 8);
  append(ref, write_be(handle, 8));
  return ref;
}

CK_OBJECT_HANDLE handle_of(const ObjectRef& ref, CK_OBJECT_CLASS object_class) {
  const BytesView view(ref);
  if (ref.size() != 16 || read_be(view.first(8)) != object_class)
    throw ObjectNotFound("no such object on the token");
  return read_be(view.subspan(8));
}

PublicKey public_key(const ForeignObjects& from, const KeyHandles& halves, KeyType type) {
  const auto read = [&](CK_ATTRIBUTE_TYPE attribute) {
    for (const CK_OBJECT_HANDLE half : {halves.public_half, halves.private_half})
      if (half != 0)
        if (auto value = from.bytes(half, attribute); value && !value->empty()) return *value;
    return Bytes{};
  };
  switch (type) {
    case KeyType::kRsa: {
      RsaPublicKey key{without_leading_zeros(read(CKA_MODULUS)),
                       without_leading_zeros(read(CKA_PUBLIC_EXPONENT))};
      if (key.modulus.empty() || key.exponent.empty()) return std::monostate{};
      return key;
    }
    case KeyType::kEc: {
      auto point = ec_point(read(CKA_EC_POINT));
      if (!point) return std::monostate{};
      return EcPublicKey{read(CKA_EC_PARAMS), std::move(*point)};
    }
    default:
      GostPublicKey key{read(CKA_GOSTR3410_PARAMS), read(CKA_GOSTR3411_PARAMS), read(CKA_VALUE)};
      if (key.point.empty() || key.point.size() % 2 != 0) return std::monostate{};
      return key;
  }
}

const ObjectList& TokenObjects::read(const ForeignObjects& from) {
  const std::uint64_t generation = listed_.generation;
  listed_ = {};
  keys_.clear();
  add_keys(from);
  add_certificates(from);
  add_data(from);
  Bytes print = fingerprint_of(listed_);
  listed_.generation = generation + (generation == 0 || print != fingerprint_ ? 1 : 0);
  fingerprint_ = std::move(print);
  return listed_;
}

void TokenObjects::add_keys(const ForeignObjects& from) {
  struct Half {
    CK_OBJECT_HANDLE handle;
    KeyType type;
    Bytes id, modulus;
  };
  std::vector<Half> private_halves, public_halves;
  for (const CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY})
    for (const CK_OBJECT_HANDLE handle : from.find(object_class)) {
      const auto type = key_type(from.number(handle, CKA_KEY_TYPE));
      if (!type) {
        listed_.odd.push_back({"a key of a type that Kilt does not know"});
        continue;
      }
      (object_class == CKO_PRIVATE_KEY ? private_halves : public_halves)
          .push_back({handle, *type, from.bytes(handle, CKA_ID).value_or(Bytes{}),
                      *type == KeyType::kRsa ? from.bytes(handle, CKA_MODULUS).value_or(Bytes{})
                                             : Bytes{}});
    }
  const auto add = [&](const Half& main, const KeyHandles& halves) {
    Key key;
    const bool has_private = halves.private_half != 0;
    key.ref = ref_of(has_private ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY, main.handle);
    key.type = main.type;
    key.id = main.id;
    key.label = from.text(main.handle, CKA_LABEL);
    key.usage.sign = from.flag(main.handle, has_private ? CKA_SIGN : CKA_VERIFY);
    key.usage.decrypt = from.flag(main.handle, has_private ? CKA_DECRYPT : CKA_ENCRYPT);
    key.usage.unwrap = from.flag(main.handle, has_private ? CKA_UNWRAP : CKA_WRAP);
    key.usage.derive = from.flag(main.handle, CKA_DERIVE);
    key.has_private = has_private;
    key.has_public = halves.public_half != 0;
    key.public_key = public_key(from, halves, main.type);
    key.bits = bits_of(key.public_key);
    key.always_authenticate = has_private && from.flag(main.handle, CKA_ALWAYS_AUTHENTICATE);
    key.local = from.flag(main.handle, CKA_LOCAL);
    key.never_extractable = from.flag(main.handle, CKA_NEVER_EXTRACTABLE);
    key.always_sensitive = from.flag(main.handle, CKA_ALWAYS_SENSITIVE);
    key.modifiable = from.flag(main.handle, CKA_MODIFIABLE, true);
    if (has_private) {
      key.subject = from.bytes(main.handle, CKA_SUBJECT).value_or(Bytes{});
      key.allowed_mechanisms = from.numbers(main.handle, CKA_ALLOWED_MECHANISMS);
    }
    keys_[key.ref] = halves;
    listed_.keys.push_back(std::move(key));
  };
  for (const Half& half : private_halves) {
    KeyHandles halves{half.handle, 0};
    const auto partner = std::ranges::find_if(public_halves, [&](const Half& other) {
      const bool known = !other.modulus.empty() && !half.modulus.empty();
      return other.type == half.type && other.id == half.id &&
             (!known || other.modulus == half.modulus);
    });
    if (partner != public_halves.end()) {
      halves.public_half = partner->handle;
      public_halves.erase(partner);
    }
    add(half, halves);
  }
  for (const Half& half : public_halves) add(half, {0, half.handle});
}

void TokenObjects::add_certificates(const ForeignObjects& from) {
  constexpr CK_ULONG kAuthority = 2;
  for (const CK_OBJECT_HANDLE handle : from.find(CKO_CERTIFICATE)) {
    if (from.number(handle, CKA_CERTIFICATE_TYPE).value_or(CKC_X_509) != CKC_X_509) {
      listed_.odd.push_back({"a certificate that is not X.509"});
      continue;
    }
    Certificate certificate;
    certificate.ref = ref_of(CKO_CERTIFICATE, handle);
    certificate.id = from.bytes(handle, CKA_ID).value_or(Bytes{});
    certificate.label = from.text(handle, CKA_LABEL);
    certificate.is_private = from.flag(handle, CKA_PRIVATE);
    certificate.authority = from.number(handle, CKA_CERTIFICATE_CATEGORY) == kAuthority;
    certificate.modifiable = from.flag(handle, CKA_MODIFIABLE, true);
    listed_.certificates.push_back(std::move(certificate));
  }
}

void TokenObjects::add_data(const ForeignObjects& from) {
  for (const CK_OBJECT_HANDLE handle : from.find(CKO_DATA)) {
    DataObject data;
    data.ref = ref_of(CKO_DATA, handle);
    data.label = from.text(handle, CKA_LABEL);
    data.application = from.text(handle, CKA_APPLICATION);
    const Bytes oid = from.bytes(handle, CKA_OBJECT_ID).value_or(Bytes{});
    if (!oid.empty() && oid.front() == kOid) data.oid = oid;
    data.is_private = from.flag(handle, CKA_PRIVATE);
    data.modifiable = from.flag(handle, CKA_MODIFIABLE, true);
    listed_.data.push_back(std::move(data));
  }
}

KeyHandles TokenObjects::key(const ForeignObjects& from, const ObjectRef& ref) {
  auto found = keys_.find(ref);
  if (found == keys_.end()) {
    read(from);
    found = keys_.find(ref);
  }
  if (found == keys_.end()) throw ObjectNotFound("the key is no longer on the token");
  return found->second;
}

PublicKey TokenObjects::read_public_key(const ForeignObjects& from, const ObjectRef& ref) {
  const KeyHandles halves = key(from, ref);
  const auto listed = std::ranges::find(listed_.keys, ref, &Key::ref);
  return listed == listed_.keys.end() ? PublicKey{} : public_key(from, halves, listed->type);
}

}  // namespace kilt::delegate
