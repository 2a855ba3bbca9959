// The objects of a foreign token as the domain's.
#include <algorithm>

#include <fmt/format.h>

#include "apdu/tlv.h"
#include "drivers/delegate/templates.h"
#include "drivers/delegate/token.h"
#include "drivers/errors.h"

namespace kilt::delegate {
namespace {

constexpr std::uint32_t kOctetString = 0x04, kOid = 0x06;

/// Class first, so that a handle of another kind of object is never taken for this one.
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

std::optional<KeyType> key_type(std::optional<CK_ULONG> type) {
  if (type == CKK_RSA) return KeyType::kRsa;
  if (type == CKK_EC) return KeyType::kEc;
  if (type == CKK_GOSTR3410) return KeyType::kGost256;
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

void put(Bytes& fingerprint, BytesView value) {
  append(fingerprint, write_be(value.size(), 4));
  append(fingerprint, value);
}
void put(Bytes& fingerprint, const std::string& value) {
  put(fingerprint, to_bytes(std::string_view(value)));
}

/// All that the upper layer shows of the listed objects.
Bytes fingerprint_of(const ObjectList& objects) {
  Bytes print;
  for (const Key& key : objects.keys) {
    put(print, key.ref);
    put(print, key.id);
    put(print, key.label);
    print.push_back(static_cast<Byte>((key.has_private ? 1 : 0) | (key.has_public ? 2 : 0) |
                                      (key.usage.sign ? 4 : 0) | (key.usage.decrypt ? 8 : 0)));
  }
  for (const Certificate& certificate : objects.certificates) {
    put(print, certificate.ref);
    put(print, certificate.id);
    put(print, certificate.label);
  }
  for (const DataObject& data : objects.data) {
    put(print, data.ref);
    put(print, data.label);
    put(print, data.application);
  }
  return print;
}

}  // namespace

const ObjectList& DelegateToken::list() {
  const std::uint64_t generation = listed_.generation;
  read_objects();
  Bytes print = fingerprint_of(listed_);
  listed_.generation = generation + (generation == 0 || print != fingerprint_ ? 1 : 0);
  fingerprint_ = std::move(print);
  return listed_;
}

void DelegateToken::read_objects() {
  listed_ = {};
  pairs_.clear();
  add_keys();
  add_certificates();
  add_data();
}

void DelegateToken::add_keys() {
  const Objects from = objects();
  struct Half {
    CK_OBJECT_HANDLE handle;
    KeyType type;
    Bytes id;
  };
  std::vector<Half> private_halves, public_halves;
  for (const CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY})
    for (const CK_OBJECT_HANDLE handle : from.find(object_class)) {
      const auto type = key_type(from.number(handle, CKA_KEY_TYPE));
      if (!type) {
        listed_.odd.push_back({fmt::format("a key of a type that Kilt does not know")});
        continue;
      }
      (object_class == CKO_PRIVATE_KEY ? private_halves : public_halves)
          .push_back({handle, *type, from.bytes(handle, CKA_ID).value_or(Bytes{})});
    }
  const auto add = [&](const Half& main, const Pair& halves) {
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
    key.public_key = public_key(halves, main.type);
    key.bits = bits_of(key.public_key);
    key.always_authenticate = has_private && from.flag(main.handle, CKA_ALWAYS_AUTHENTICATE);
    key.local = from.flag(main.handle, CKA_LOCAL);
    key.never_extractable = from.flag(main.handle, CKA_NEVER_EXTRACTABLE);
    key.always_sensitive = from.flag(main.handle, CKA_ALWAYS_SENSITIVE);
    key.modifiable = from.flag(main.handle, CKA_MODIFIABLE, true);
    pairs_[key.ref] = halves;
    listed_.keys.push_back(std::move(key));
  };
  for (const Half& half : private_halves) {
    Pair halves{half.handle, 0};
    const auto partner = std::ranges::find_if(public_halves, [&](const Half& other) {
      return other.type == half.type && other.id == half.id;
    });
    if (partner != public_halves.end()) {
      halves.public_half = partner->handle;
      public_halves.erase(partner);
    }
    add(half, halves);
  }
  for (const Half& half : public_halves) add(half, {0, half.handle});
}

PublicKey DelegateToken::public_key(const Pair& halves, KeyType type) {
  const Objects from = objects();
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

void DelegateToken::add_certificates() {
  constexpr CK_ULONG kAuthority = 2;
  const Objects from = objects();
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

void DelegateToken::add_data() {
  const Objects from = objects();
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

DelegateToken::Pair DelegateToken::pair(const ObjectRef& ref) {
  auto found = pairs_.find(ref);
  if (found == pairs_.end()) {
    list();
    found = pairs_.find(ref);
  }
  if (found == pairs_.end()) throw ObjectNotFound("the key is no longer on the token");
  return found->second;
}

PublicKey DelegateToken::read_public_key(const ObjectRef& ref) {
  const Pair halves = pair(ref);
  const auto key = std::ranges::find(listed_.keys, ref, &Key::ref);
  return key == listed_.keys.end() ? PublicKey{} : public_key(halves, key->type);
}

Bytes DelegateToken::read_certificate(const ObjectRef& ref) {
  auto value = objects().bytes(handle_of(ref, CKO_CERTIFICATE), CKA_VALUE);
  if (!value) throw MalformedAnswer("the module does not give the certificate");
  return *value;
}

Bytes DelegateToken::read_data(const ObjectRef& ref) {
  auto value = objects().bytes(handle_of(ref, CKO_DATA), CKA_VALUE);
  if (!value) throw MalformedAnswer("the module does not give the data");
  return *value;
}

CK_OBJECT_HANDLE DelegateToken::create(Template& attributes) {
  CK_OBJECT_HANDLE handle = 0;
  check("C_CreateObject", KILT_FOREIGN(*module_, C_CreateObject)(session(), attributes.data(),
                                                                 attributes.size(), &handle));
  return handle;
}

void DelegateToken::destroy(CK_OBJECT_HANDLE object) {
  if (object != 0)
    check("C_DestroyObject", KILT_FOREIGN(*module_, C_DestroyObject)(session(), object));
}

void DelegateToken::change(CK_OBJECT_HANDLE object, const ObjectChange& what) {
  if (object == 0) return;
  Template changes;
  if (what.label) changes.text(CKA_LABEL, *what.label);
  if (what.id) changes.add(CKA_ID, *what.id);
  check("C_SetAttributeValue", KILT_FOREIGN(*module_, C_SetAttributeValue)(
                                   session(), object, changes.data(), changes.size()));
}

ObjectRef DelegateToken::write_certificate(const Certificate& certificate, BytesView der) {
  Template attributes = certificate_template(certificate, der);
  return ref_of(CKO_CERTIFICATE, create(attributes));
}

ObjectRef DelegateToken::write_data(const DataObject& object, BytesView value) {
  Template attributes;
  attributes.number(CKA_CLASS, CKO_DATA)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, object.is_private)
      .text(CKA_LABEL, object.label)
      .text(CKA_APPLICATION, object.application)
      .add(CKA_VALUE, value);
  if (!object.oid.empty()) attributes.add(CKA_OBJECT_ID, object.oid);
  return ref_of(CKO_DATA, create(attributes));
}

ObjectRef DelegateToken::generate_key(const KeySpec& spec) {
  CK_MECHANISM mechanism = generation_mechanism(spec.type);
  Template public_half = public_template(spec), private_half = private_template(spec);
  add_generation(public_half, spec);
  Pair halves;
  check("C_GenerateKeyPair",
        KILT_FOREIGN(*module_, C_GenerateKeyPair)(
            session(), &mechanism, public_half.data(), public_half.size(), private_half.data(),
            private_half.size(), &halves.public_half, &halves.private_half));
  if (spec.id.empty()) {
    ObjectChange id;
    id.id = key_identifier(public_key(halves, spec.type));
    change(halves.private_half, id);
    change(halves.public_half, id);
  }
  return ref_of(CKO_PRIVATE_KEY, halves.private_half);
}

ObjectRef DelegateToken::import_key(const KeySpec& spec, const PrivateKey& key) {
  KeySpec named = spec;
  const auto* rsa = std::get_if<RsaPrivateKey>(&key);
  if (rsa == nullptr) throw NotSupported("only RSA keys are imported");
  if (named.id.empty()) named.id = key_identifier(RsaPublicKey{rsa->modulus, rsa->public_exponent});
  Template public_half = public_template(named), private_half = private_template(named);
  add_rsa_key(public_half, private_half, *rsa);
  const CK_OBJECT_HANDLE handle = create(private_half);
  try {
    create(public_half);
  } catch (const Error&) {
    destroy(handle);
    throw;
  }
  return ref_of(CKO_PRIVATE_KEY, handle);
}

void DelegateToken::change_key(const ObjectRef& ref, const ObjectChange& what) {
  const Pair halves = pair(ref);
  const auto key = std::ranges::find(listed_.keys, ref, &Key::ref);
  const Bytes id = key == listed_.keys.end() ? Bytes{} : key->id;
  change(halves.private_half, what);
  change(halves.public_half, what);
  if (!what.id || id.empty()) return;
  ObjectChange id_only;
  id_only.id = what.id;
  for (const Certificate& certificate : listed_.certificates)
    if (certificate.id == id) change(handle_of(certificate.ref, CKO_CERTIFICATE), id_only);
}

void DelegateToken::change_certificate(const ObjectRef& ref, const ObjectChange& what) {
  change(handle_of(ref, CKO_CERTIFICATE), what);
}

void DelegateToken::change_data(const ObjectRef& ref, const ObjectChange& what) {
  ObjectChange label_only;
  label_only.label = what.label;
  change(handle_of(ref, CKO_DATA), label_only);
}

void DelegateToken::delete_key(const ObjectRef& ref) {
  const Pair halves = pair(ref);
  destroy(halves.private_half);
  destroy(halves.public_half);
  pairs_.erase(ref);
}

void DelegateToken::delete_certificate(const ObjectRef& ref) {
  destroy(handle_of(ref, CKO_CERTIFICATE));
}

void DelegateToken::delete_data(const ObjectRef& ref) { destroy(handle_of(ref, CKO_DATA)); }

}  // namespace kilt::delegate
