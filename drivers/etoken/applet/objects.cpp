#include "drivers/etoken/applet/objects.h"

#include <algorithm>

#include <fmt/format.h>

#include "apdu/tlv.h"
#include "drivers/crypto/public_key.h"
#include "drivers/crypto/x509.h"
#include "drivers/errors.h"
#include "drivers/etoken/applet/layout.h"

namespace kilt::etoken::applet {

const char* const kEcUnusable =
    "this token signs with EC keys under its maker's secure messaging only, whose keys are not "
    "public";
const char* const kSecureMessaging =
    "this key is used under the maker's secure messaging only, whose keys are not public";

namespace {

constexpr std::size_t kMaxCertificate = 16384;

ObjectRef ref_of(FileId file) { return write_be(file, 2); }
FileId file_of(const ObjectRef& ref) {
  if (ref.size() != 2) throw ObjectNotFound("no such object on the token");
  return static_cast<FileId>(read_be(ref));
}

unsigned curve_bits(const Bytes& point) {
  return static_cast<unsigned>((point.size() - 1) / 2 * 8);
}

bool contains(BytesView where, BytesView what) {
  return !what.empty() && std::ranges::search(where, what).begin() != where.end();
}

unsigned bits_of(const Bytes& modulus) {
  if (modulus.empty()) return 0;
  unsigned top = 8;
  while (top > 1 && (modulus.front() >> (top - 1)) == 0) --top;
  return static_cast<unsigned>((modulus.size() - 1) * 8) + top;
}

}  // namespace

const ObjectList& Objects::list() {
  std::vector<FileId> files;
  try {
    files = files_->list(kObjectDirectory);
  } catch (const ObjectNotFound&) {
    files.clear();  // a token that was never set up
  }
  if (listed_ == files) return objects_;
  listed_.reset();
  read_objects(files);
  listed_ = std::move(files);
  return objects_;
}

void Objects::read_objects(const std::vector<FileId>& files) {
  const std::uint64_t generation = objects_.generation + 1;
  objects_ = {};
  objects_.generation = objects_.changes = generation;
  ec_private_.clear();
  ec_public_.clear();
  std::vector<FileId> rsa_keys;
  for (const FileId file : files) {
    if (kind_of(file) == static_cast<Byte>(ObjectKind::kRsaPrivateKey)) {
      rsa_keys.push_back(file);  // want the certificates first
      continue;
    }
    try {
      add(file);
    } catch (const NotLoggedIn&) {
      objects_.odd.push_back({fmt::format("object {:04X}: seen after a login only", file)});
    } catch (const ObjectNotFound&) {
      objects_.odd.push_back({fmt::format("object {:04X}: has no attributes", file)});
    } catch (const Error& problem) {
      if (!concerns_one_object(problem)) throw;
      objects_.odd.push_back({fmt::format("object {:04X}: {}", file, problem.what())});
    }
  }
  pair_ec_keys();
  for (const FileId file : rsa_keys) {
    try {
      add_rsa_key(file);
    } catch (const ObjectNotFound&) {
      objects_.odd.push_back({fmt::format("RSA key {:04X}: cannot be selected", file)});
    } catch (const Error& problem) {
      if (!concerns_one_object(problem)) throw;
      objects_.odd.push_back({fmt::format("RSA key {:04X}: {}", file, problem.what())});
    }
  }
}

void Objects::add(FileId file) {
  switch (static_cast<ObjectKind>(kind_of(file))) {
    case ObjectKind::kCertificate:
      return add_certificate(file);
    case ObjectKind::kEcPrivateKey:
      return add_ec_private(file);
    case ObjectKind::kEcPublicKey:
      return add_ec_public(file);
    default:
      throw MalformedAnswer("of a kind that no public source describes");
  }
}

void Objects::add_certificate(FileId file) {
  const Attributes attributes =
      parse_certificate_record(files_->read_file(object_path(file, kAttributes)));
  Certificate certificate;
  certificate.ref = ref_of(file);
  certificate.id = attributes.id;
  certificate.label = attributes.label;
  certificate.modifiable = false;
  objects_.certificates.push_back(std::move(certificate));
}

void Objects::add_ec_private(FileId file) {
  ec_private_.push_back(
      {file, parse_ec_private_record(files_->read_file(object_path(file, kAttributes)))});
}

void Objects::add_ec_public(FileId file) {
  ec_public_.push_back({file, parse_ec_public_record(files_->read_file(object_path(file)))});
}

// Halves have the same id; several pairs may share one, then the number decides, else the order.
void Objects::pair_ec_keys() {
  std::vector<bool> taken(ec_public_.size(), false);
  const auto find_half = [&](const EcHalf& half, bool same_number) {
    for (std::size_t i = 0; i < ec_public_.size(); ++i) {
      const bool fits = !taken[i] && ec_public_[i].attributes.id == half.attributes.id &&
                        (!same_number || (ec_public_[i].file & 0xFF) == (half.file & 0xFF));
      if (fits) return std::optional(i);
    }
    return std::optional<std::size_t>();
  };
  const auto add_key = [&](const EcHalf& half, const EcHalf* public_half, bool has_private) {
    Key key;
    key.ref = ref_of(half.file);
    key.type = KeyType::kEc;
    key.id = half.attributes.id;
    key.label = half.attributes.label;
    key.usage.sign = true;
    key.has_private = has_private;
    key.has_public = public_half != nullptr;
    key.modifiable = false;
    if (public_half != nullptr) {
      key.public_key =
          EcPublicKey{public_half->attributes.parameters, public_half->attributes.point};
      key.bits = curve_bits(public_half->attributes.point);
    }
    append(key.ref, key_mark(key.public_key));
    if (has_private) key.unusable_reason = kEcUnusable;
    objects_.keys.push_back(std::move(key));
  };
  std::vector<std::optional<std::size_t>> partner(ec_private_.size());
  for (const bool same_number : {true, false})
    for (std::size_t i = 0; i < ec_private_.size(); ++i) {
      if (partner[i]) continue;
      partner[i] = find_half(ec_private_[i], same_number);
      if (partner[i]) taken[*partner[i]] = true;
    }
  for (std::size_t i = 0; i < ec_private_.size(); ++i)
    add_key(ec_private_[i], partner[i] ? &ec_public_[*partner[i]] : nullptr, true);
  for (std::size_t i = 0; i < ec_public_.size(); ++i)
    if (!taken[i]) add_key(ec_public_[i], &ec_public_[i], false);
}

void Objects::add_rsa_key(FileId file) {
  const Fci fci = files_->select(object_path(file));
  Key key;
  key.ref = ref_of(file);
  key.type = KeyType::kRsa;
  key.usage.sign = key.usage.decrypt = true;
  key.has_public = false;
  key.modifiable = false;
  if (!fci.security.empty()) key.unusable_reason = kSecureMessaging;
  Bytes record;
  try {
    record = files_->read_file(object_path(file, kAttributes));
  } catch (const Error& problem) {
    if (!concerns_one_object(problem)) throw;
    record.clear();
  }
  tie_to_certificate(key, record);
  append(key.ref, key_mark(key.public_key));
  objects_.keys.push_back(std::move(key));
}

void Objects::tie_to_certificate(Key& key, BytesView record) {
  Bytes public_part;
  Certificate* certificate = certificate_of(record, {});
  if (certificate == nullptr) {
    files_->select(object_path(file_of(key.ref)));
    public_part = files_->public_part().value_or(Bytes{});
    certificate = certificate_of({}, public_part);
  }
  if (certificate == nullptr) {
    if (key.unusable_reason.empty())
      key.unusable_reason = "no certificate on the token tells this key's modulus";
    return;
  }
  key.id = certificate->id;
  key.label = certificate->label;
  key.public_key = public_key_of(*certificate);
  if (const auto* rsa = std::get_if<RsaPublicKey>(&key.public_key))
    key.bits = bits_of(rsa->modulus);
  if (key.bits == 0 && key.unusable_reason.empty())
    key.unusable_reason = "the key's certificate holds no RSA key";
}

/// The certificate that a field of the record, or the public part, belongs to.
Certificate* Objects::certificate_of(BytesView record, BytesView public_part) {
  for (const auto& fields : read_unknown_record(record))
    for (Certificate& certificate : objects_.certificates)
      if (!certificate.id.empty() && std::ranges::find(fields, certificate.id) != fields.end() &&
          std::holds_alternative<RsaPublicKey>(public_key_of(certificate)))
        return &certificate;
  if (public_part.empty() && record.empty()) return nullptr;
  for (Certificate& certificate : objects_.certificates) {
    const PublicKey key = public_key_of(certificate);
    const auto* rsa = std::get_if<RsaPublicKey>(&key);
    if (rsa != nullptr && (contains(record, rsa->modulus) || contains(public_part, rsa->modulus)))
      return &certificate;
  }
  return nullptr;
}

PublicKey Objects::public_key_of(Certificate& certificate) {
  try {
    return x509::public_key(der(certificate));
  } catch (const Error&) {
    return std::monostate{};
  }
}

Bytes Objects::der(Certificate& certificate) {
  if (certificate.der) return *certificate.der;
  const FilePath path = object_path(file_of(certificate.ref), kValue);
  const Fci fci = files_->select(path);
  if (fci.size > kMaxCertificate) throw MalformedAnswer("a certificate's file is too long");
  const Bytes contents = files_->read(0, fci.size);
  constexpr std::uint32_t kSequence = 0x30;
  const auto node = tlv::Reader(contents).next();
  if (!node || node->tag != kSequence)
    throw MalformedAnswer("the certificate's file holds no certificate");
  certificate.der = to_bytes(node->encoded);
  return *certificate.der;
}

bool Objects::has_key(const ObjectRef& ref) const {
  return std::ranges::find(objects_.keys, ref, &Key::ref) != objects_.keys.end();
}

Bytes Objects::read_certificate(const ObjectRef& ref) {
  for (Certificate& certificate : objects_.certificates)
    if (certificate.ref == ref) return der(certificate);
  throw ObjectNotFound("no such certificate on the token");
}

}  // namespace kilt::etoken::applet
