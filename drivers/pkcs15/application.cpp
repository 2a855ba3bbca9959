#include "drivers/pkcs15/application.h"

#include <algorithm>
#include <set>

#include "drivers/errors.h"
#include "drivers/pkcs15/asn1.h"

namespace kilt::pkcs15 {
namespace {

constexpr std::uint16_t kOdf = 0x5031;
constexpr std::uint16_t kTokenInfo = 0x5032;

/// Unique within its kind: the place of the value, and the key reference for keys.
ObjectRef make_ref(const Path& path, BytesView direct, Byte reference = 0) {
  ObjectRef ref = to_bytes(relative_path(path.file));
  append(ref, write_be(path.index.value_or(0), 4));
  ref.push_back(reference);
  append(ref, direct.first(std::min<std::size_t>(direct.size(), 64)));
  return ref;
}

KeyUsage usage_of(std::uint32_t bits) {
  KeyUsage usage;
  usage.sign = (bits & (usage::kSign | usage::kSignRecover | usage::kNonRepudiation)) != 0;
  usage.decrypt = (bits & usage::kDecrypt) != 0;
  usage.unwrap = (bits & usage::kUnwrap) != 0;
  usage.derive = (bits & usage::kDerive) != 0;
  usage.non_repudiation = (bits & usage::kNonRepudiation) != 0;
  return usage;
}

/// The public half's bits name the opposite operations.
KeyUsage public_usage_of(std::uint32_t bits) {
  KeyUsage usage;
  usage.sign = (bits & (usage::kVerify | usage::kVerifyRecover)) != 0;
  usage.decrypt = (bits & usage::kEncrypt) != 0;
  usage.unwrap = (bits & usage::kWrap) != 0;
  usage.derive = (bits & usage::kDerive) != 0;
  return usage;
}

unsigned bits_of(const KeyEntry& entry) {
  switch (entry.type) {
    case KeyType::kRsa:
      return entry.modulus_bits;
    case KeyType::kGost512:
      return 512;
    default:
      return 256;
  }
}

}  // namespace

ObjectRef ref_of(const KeyEntry& entry) {
  return make_ref(entry.path, entry.direct_value, entry.reference);
}
ObjectRef ref_of(const CertificateEntry& entry) { return make_ref(entry.path, entry.direct_value); }
ObjectRef ref_of(const DataEntry& entry) { return make_ref(entry.path, entry.direct_value); }

Bytes Application::file(std::uint16_t id) const {
  Bytes path = base_;
  append(path, write_be(id, 2));
  return path;
}

void Application::set_places(Bytes odf, Bytes token_info) {
  odf_ = std::move(odf);
  token_info_ = std::move(token_info);
}

Bytes Application::odf_path() const { return odf_.empty() ? file(kOdf) : odf_; }

bool Application::load(cache::Files known) {
  remembered_ = std::move(known);
  news_ = false;
  pending_.clear();
  const std::uint64_t generation = objects_.generation + 1;
  objects_ = {};
  objects_.generation = generation;
  pairs_.clear();
  keys_.clear();
  certificates_.clear();
  data_.clear();
  pin_directories_.clear();
  directories_.clear();
  try {
    // What is remembered holds the journal's changes already.
    if (!journal_.empty() && remembered_.empty()) pending_ = read_journal(*files_, journal_).images;
    directories_ = decode_odf(contents(odf_path()));
  } catch (const ObjectNotFound&) {
    return false;
  }
  if (directories_.size() > kMaxEntries) throw MalformedAnswer("EF.ODF names too many directories");
  std::set<std::pair<DirectoryKind, Bytes>> seen;  // an ODF may name a file again and again
  for (const OdfEntry& directory : directories_)
    if (seen.emplace(directory.kind, directory.path.file).second) load_directory(directory);
  finish_keys();
  return true;
}

const cache::Files* Application::news() {
  return std::exchange(news_, false) ? &remembered_ : nullptr;
}

template <typename Read>
Bytes Application::remembered(Bytes name, Read read) {
  const auto known = remembered_.find(name);
  if (known != remembered_.end()) return known->second;
  Bytes contents = read();
  news_ = true;
  return remembered_.emplace(std::move(name), std::move(contents)).first->second;
}

Bytes Application::contents(BytesView path) {
  return remembered(to_bytes(relative_path(path)), [&] {
    for (const auto& image : pending_)
      if (equal(relative_path(image.path), relative_path(path))) return image.contents;
    return read_directory(*files_, path);
  });
}

void Application::load_directory(const OdfEntry& directory) {
  if (directory.kind == DirectoryKind::kAuthObjects)
    pin_directories_.push_back(directory.path.file);
  if (directory.kind == DirectoryKind::kAuthObjects || directory.kind == DirectoryKind::kSecretKeys)
    return;
  Bytes entries;
  try {
    entries = contents(directory.path.file);
  } catch (const ObjectNotFound&) {
    // ODF may name a directory before its file is made.
    remembered_.emplace(to_bytes(relative_path(directory.path.file)), Bytes());
    return;
  } catch (const NotLoggedIn&) {
    objects_.odd.push_back({"a directory that can be read after a login only"});
    return;
  }
  const auto add = [&](const tlv::Node& node) {
    switch (directory.kind) {
      case DirectoryKind::kPrivateKeys:
        return add_private_key(decode_key(node));
      case DirectoryKind::kPublicKeys:
      case DirectoryKind::kTrustedPublicKeys:
        return add_public_key(decode_key(node));
      case DirectoryKind::kData:
        return add_data(decode_data(node));
      default:
        return add_certificate(decode_certificate(node),
                               directory.kind == DirectoryKind::kTrustedCertificates);
    }
  };
  for_each_entry(entries, add, [&](const char* reason) { objects_.odd.push_back({reason}); });
}

void Application::add_private_key(KeyEntry entry) {
  pairs_.push_back({std::move(entry), std::nullopt});
}

void Application::add_public_key(KeyEntry entry) {
  const auto pair = std::ranges::find_if(pairs_, [&](const KeyPair& candidate) {
    return candidate.private_half && !candidate.public_half &&
           candidate.private_half->id == entry.id && candidate.private_half->type == entry.type;
  });
  if (pair != pairs_.end())
    pair->public_half = std::move(entry);
  else
    pairs_.push_back({std::nullopt, std::move(entry)});
}

void Application::add_certificate(CertificateEntry entry, bool authority) {
  Certificate certificate;
  certificate.ref = ref_of(entry);
  certificate.id = entry.id;
  certificate.label = entry.common.label;
  certificate.is_private = entry.common.is_private;
  certificate.authority = authority || entry.authority;
  certificate.modifiable = entry.common.modifiable;
  if (!certificates_.emplace(certificate.ref, std::move(entry)).second) return;
  objects_.certificates.push_back(std::move(certificate));
}

void Application::add_data(DataEntry entry) {
  DataObject object;
  object.ref = ref_of(entry);
  object.label = entry.common.label;
  object.application = entry.application;
  object.oid = entry.oid;
  object.is_private = entry.common.is_private;
  object.modifiable = entry.common.modifiable;
  if (!data_.emplace(object.ref, std::move(entry)).second) return;
  objects_.data.push_back(std::move(object));
}

// Directories come in any order, so pairs are made into keys only when all are read.
void Application::finish_keys() {
  for (KeyPair& pair : pairs_) {
    const KeyEntry& main = pair.private_half ? *pair.private_half : *pair.public_half;
    Key key;
    key.ref = ref_of(main);
    key.type = main.type;
    key.bits = bits_of(main);
    key.id = main.id;
    key.label = main.common.label;
    key.usage = pair.private_half ? usage_of(main.usage) : public_usage_of(main.usage);
    key.has_private = pair.private_half.has_value();
    key.has_public = pair.public_half.has_value();
    key.always_authenticate = main.user_consent;
    key.local = (main.access & access::kLocal) != 0;
    key.never_extractable = (main.access & access::kNeverExtractable) != 0;
    key.always_sensitive = (main.access & access::kAlwaysSensitive) != 0;
    key.modifiable = main.common.modifiable;
    if (!keys_.emplace(key.ref, std::move(pair)).second) continue;
    objects_.keys.push_back(std::move(key));
  }
  pairs_.clear();
}

const KeyEntry* Application::private_entry(const ObjectRef& ref) const noexcept {
  const auto found = keys_.find(ref);
  if (found == keys_.end() || !found->second.private_half) return nullptr;
  return &*found->second.private_half;
}

const KeyEntry* Application::public_entry(const ObjectRef& ref) const noexcept {
  const auto found = keys_.find(ref);
  if (found == keys_.end() || !found->second.public_half) return nullptr;
  return &*found->second.public_half;
}

const CertificateEntry* Application::certificate_entry(const ObjectRef& ref) const noexcept {
  const auto found = certificates_.find(ref);
  return found == certificates_.end() ? nullptr : &found->second;
}

const DataEntry* Application::data_entry(const ObjectRef& ref) const noexcept {
  const auto found = data_.find(ref);
  return found == data_.end() ? nullptr : &found->second;
}

Bytes Application::value(const Path& path, const Bytes& direct, bool is_private) {
  if (!direct.empty()) return direct;
  if (path.file.empty()) throw ObjectNotFound("the directory names no file for this object");
  if (is_private) return read_value(*files_, path);
  Bytes name = to_bytes(relative_path(path.file));
  append(name, write_be(path.index.value_or(0), 4));
  append(name, write_be(path.length.value_or(0), 4));
  return remembered(std::move(name), [&] { return read_value(*files_, path); });
}

PublicKey Application::read_public_key(const ObjectRef& ref) {
  const auto found = keys_.find(ref);
  if (found == keys_.end()) throw ObjectNotFound("no such key on the token");
  if (!found->second.public_half) return std::monostate{};
  const KeyEntry& entry = *found->second.public_half;
  try {
    return decode_public_key(entry, value(entry.path, entry.direct_value, entry.common.is_private));
  } catch (const ObjectNotFound&) {
    return std::monostate{};  // entry without a file: a certificate may still bring the key
  }
}

Bytes Application::read_certificate(const ObjectRef& ref) {
  const auto found = certificates_.find(ref);
  if (found == certificates_.end()) throw ObjectNotFound("no such certificate on the token");
  const Bytes contents =
      value(found->second.path, found->second.direct_value, found->second.common.is_private);
  const auto der = tlv::Reader(contents).next();
  if (!der || der->tag != asn1::kSequence)
    throw MalformedAnswer("the certificate's file holds no certificate");
  return to_bytes(der->encoded);
}

Bytes Application::read_data(const ObjectRef& ref) {
  const auto found = data_.find(ref);
  if (found == data_.end()) throw ObjectNotFound("no such data object on the token");
  return value(found->second.path, found->second.direct_value, found->second.common.is_private);
}

std::optional<TokenInfoEntry> Application::read_token_info() {
  try {
    return decode_token_info(
        read_directory(*files_, token_info_.empty() ? file(kTokenInfo) : token_info_));
  } catch (const ObjectNotFound&) {
    return std::nullopt;
  } catch (const MalformedAnswer&) {
    return std::nullopt;  // the name is worth no failure
  } catch (const NotLoggedIn&) {
    return std::nullopt;
  }
}

std::vector<PinEntry> Application::read_pins() {
  std::vector<PinEntry> pins;
  const auto add = [&](const tlv::Node& node) {
    if (auto pin = decode_pin(node)) pins.push_back(std::move(*pin));
  };
  for (const Bytes& directory : pin_directories_) {
    try {
      for_each_entry(contents(directory), add, [](const char*) {});
    } catch (const ObjectNotFound&) {
      continue;
    }
  }
  return pins;
}

}  // namespace kilt::pkcs15
