#include "drivers/files/file_objects.h"

#include "drivers/crypto/gost_curve.h"
#include "drivers/crypto/spki.h"
#include "drivers/crypto/x509.h"
#include "drivers/crypto/x509_extensions.h"

namespace kilt::files {
namespace {

using crypto::Pkcs12Bag;

constexpr Byte kKeyRef = 'K', kCertificateRef = 'C';

ObjectRef reference(Byte kind, BytesView of) {
  ObjectRef ref{kind};
  append(ref, crypto::digest(Hash::kSha256, of));
  return ref;
}

ObjectRef key_reference(const Pkcs12Bag& bag) { return reference(kKeyRef, bag.secret.view()); }

bool same_key(const PublicKey& one, const PublicKey& other) {
  if (std::holds_alternative<std::monostate>(one) || std::holds_alternative<std::monostate>(other))
    return false;
  return crypto::public_key_info(one) == crypto::public_key_info(other) ||
         crypto::encode_public_key(one) == crypto::encode_public_key(other);
}

/// The key's id: the file's own word for it, else its certificate's key identifier.
Bytes id_of(const Pkcs12Bag& bag) {
  if (!bag.local_key_id.empty()) return bag.local_key_id;
  return bag.key ? ca_key_id(bag.key->public_key()) : Bytes{};
}

Key key_of(const Pkcs12Bag& bag) {
  Key key;
  key.ref = key_reference(bag);
  key.label = bag.friendly_name;
  key.id = id_of(bag);
  key.has_public = false;  // a file holds no public half of its own
  if (!bag.key) {
    key.unusable_reason = bag.unusable_reason;
    return key;
  }
  key.type = bag.key->type();
  key.bits = bag.key->bits();
  key.public_key = bag.key->public_key();
  key.usage.sign = true;
  key.usage.decrypt = key.usage.unwrap = key.type == KeyType::kRsa;
  return key;
}

Certificate certificate_of(const Pkcs12Bag& bag, const std::vector<Key>& keys) {
  Certificate certificate;
  certificate.ref = reference(kCertificateRef, bag.certificate);
  certificate.der = bag.certificate;
  certificate.label =
      bag.friendly_name.empty() ? x509::common_name(bag.certificate) : bag.friendly_name;
  certificate.authority = true;
  const PublicKey own = x509::public_key(bag.certificate);
  for (const Key& key : keys)
    if (same_key(key.public_key, own)) {
      certificate.id = key.id;
      certificate.authority = false;
    }
  if (!certificate.authority) return certificate;
  certificate.authority = x509::is_authority(bag.certificate);
  certificate.id =
      !bag.local_key_id.empty() ? bag.local_key_id : x509::subject_key_identifier(bag.certificate);
  if (certificate.id.empty() && !std::holds_alternative<std::monostate>(own))
    certificate.id = ca_key_id(own);
  return certificate;
}

}  // namespace

ObjectList list_container(const crypto::Pkcs12& container) {
  ObjectList list;
  for (const Pkcs12Bag& bag : container.bags())
    if (bag.kind == Pkcs12Bag::Kind::kKey) list.keys.push_back(key_of(bag));
  for (const Pkcs12Bag& bag : container.bags()) {
    if (bag.kind == Pkcs12Bag::Kind::kKey) continue;
    if (bag.kind == Pkcs12Bag::Kind::kOther)
      list.odd.push_back({"an object of a kind that is not shown"});
    else if (x509::is_certificate(bag.certificate))
      list.certificates.push_back(certificate_of(bag, list.keys));
    else
      list.odd.push_back({"a damaged certificate"});
  }
  return list;
}

ObjectList list_certificates(const std::vector<Certificate>& certificates) {
  ObjectList list;
  list.certificates = certificates;
  return list;
}

Pkcs12Bag* find_bag(crypto::Pkcs12& container, const ObjectRef& ref) {
  for (Pkcs12Bag& bag : container.bags()) {
    const bool found = bag.kind == Pkcs12Bag::Kind::kKey
                           ? key_reference(bag) == ref
                           : bag.kind == Pkcs12Bag::Kind::kCertificate &&
                                 reference(kCertificateRef, bag.certificate) == ref;
    if (found) return &bag;
  }
  return nullptr;
}

Bytes ca_key_id(const PublicKey& key) {
  const auto* gost = std::get_if<GostPublicKey>(&key);
  const bool inner = gost != nullptr && gost->point.size() == 128;
  if (inner || std::holds_alternative<EcPublicKey>(key)) return crypto::key_id(key);
  return crypto::sha1(crypto::public_key_info(key));
}

}  // namespace kilt::files
