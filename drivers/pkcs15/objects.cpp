#include "drivers/pkcs15/objects.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "drivers/crypto/asn1.h"
#include "drivers/crypto/hash.h"
#include "drivers/crypto/public_key.h"
#include "drivers/errors.h"
#include "drivers/pkcs15/public_key.h"

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

/// The name under which a value is remembered.
Bytes name_of(const Path& path) {
  Bytes name = to_bytes(relative_path(path.file));
  append(name, write_be(path.index.value_or(0), 4));
  append(name, write_be(path.length.value_or(0), 4));
  return name;
}

/// The SEQUENCE at the beginning, padding behind it removed.
std::optional<Bytes> der_in(BytesView contents) {
  try {
    const auto der = tlv::Reader(contents).next();
    if (der && der->tag == asn1::kSequence) return to_bytes(der->encoded);
  } catch (const MalformedAnswer&) {
    return std::nullopt;
  }
  return std::nullopt;
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

ObjectRef ref_of(const KeyEntry& entry, const PublicKey& public_half) {
  ObjectRef ref = make_ref(entry.path, entry.direct_value, entry.reference);
  append(ref, key_mark(public_half));
  return ref;
}
ObjectRef ref_of(const CertificateEntry& entry) { return make_ref(entry.path, entry.direct_value); }
ObjectRef ref_of(const DataEntry& entry) { return make_ref(entry.path, entry.direct_value); }

Bytes Objects::file(std::uint16_t id) const {
  Bytes path = base_;
  append(path, write_be(id, 2));
  return path;
}

void Objects::set_paths(Bytes odf, Bytes token_info) {
  odf_ = std::move(odf);
  token_info_ = std::move(token_info);
}

Bytes Objects::odf_path() const { return odf_.empty() ? file(kOdf) : odf_; }

bool Objects::load(cache::Files known, Trust trust, bool same_mark) {
  former_holds_ = trust == Trust::kValues && !known.empty();
  former_.clear();
  remembered_.clear();
  (trust == Trust::kValues ? former_ : remembered_) = std::move(known);
  has_unsaved_ = false;
  pending_.clear();
  print_.clear();
  const std::uint64_t generation = list_.generation, changes = list_.changes;
  list_ = {};
  list_.generation = generation + 1;
  list_.changes = changes + 1;
  pairs_.clear();
  keys_.clear();
  certificates_.clear();
  data_.clear();
  pin_directories_.clear();
  directories_.clear();
  // What is remembered holds the journal's changes already.
  if (!journal_.empty() && remembered_.empty()) read_pending();
  if (!find_directories()) return false;
  if (directories_.size() > kMaxEntries) throw MalformedAnswer("EF.ODF names too many directories");
  std::vector<std::pair<const OdfEntry*, Bytes>> read;
  std::set<std::pair<DirectoryKind, Bytes>> seen;  // an ODF may name a file again and again
  for (const OdfEntry& directory : directories_)
    if (seen.emplace(directory.kind, directory.path.file).second)
      if (auto entries = read_entries(directory))
        read.emplace_back(&directory, std::move(*entries));
  if (former_holds_) {
    has_unsaved_ = true;
    remembered_.merge(former_);
  }
  former_.clear();
  for (const auto& [directory, entries] : read) add_entries(directory->kind, entries);
  finish_keys();
  if (same_mark && print_ == last_print_) {
    list_.generation = generation;
    list_.changes = changes;
  }
  last_print_ = std::move(print_);
  return true;
}

/// A journal that cannot be read stops the next change (Editor), not the reading.
void Objects::read_pending() {
  try {
    pending_ = read_journal(*files_, journal_).images;
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    list_.odd.push_back({fmt::format("the journal of changes: {}", error.what())});
  }
}

/// By EF.ODF; where it is missing or damaged, by the family's layout, if that is there.
bool Objects::find_directories() {
  std::string why = "it names no directory";
  try {
    directories_ = decode_odf(contents(odf_path()));
    if (!directories_.empty() || usual_directories_.empty()) return true;
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    why = error.what();
  }
  if (usual_directories_.empty()) return false;
  try {
    if (contents(usual_directories_.front().path.file).empty()) return !directories_.empty();
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    return false;
  }
  directories_ = usual_directories_;
  list_.odd.push_back({fmt::format("the list of directories (EF.ODF): {}", why)});
  return true;
}

const cache::Files* Objects::unsaved_files() {
  return std::exchange(has_unsaved_, false) ? &remembered_ : nullptr;
}

template <typename Read>
Bytes Objects::remembered(Bytes name, Read read) {
  const auto known = remembered_.find(name);
  if (known != remembered_.end()) return known->second;
  Bytes contents = read();
  has_unsaved_ = true;
  return remembered_.emplace(std::move(name), std::move(contents)).first->second;
}

Bytes Objects::contents(BytesView path) {
  Bytes name = to_bytes(relative_path(path));
  Bytes read = remembered(name, [&] {
    for (const auto& image : pending_)
      if (equal(relative_path(image.path), relative_path(path))) return image.contents;
    return read_directory(*files_, path);
  });
  const auto before = former_.find(name);
  if (before == former_.end() || before->second != read) former_holds_ = false;
  append(print_, crypto::sha1(name));
  append(print_, crypto::sha1(read));
  return read;
}

/// The directory's contents; nothing for a directory whose entries are not read here, or that
/// cannot be read: it is noted, and the others are not touched by it.
std::optional<Bytes> Objects::read_entries(const OdfEntry& directory) {
  if (directory.kind == DirectoryKind::kAuthObjects)
    pin_directories_.push_back(directory.path.file);
  if (directory.kind == DirectoryKind::kAuthObjects || directory.kind == DirectoryKind::kSecretKeys)
    return std::nullopt;
  try {
    return contents(directory.path.file);
  } catch (const ObjectNotFound&) {
    // ODF may name a directory before its file is made.
    remembered_.emplace(to_bytes(relative_path(directory.path.file)), Bytes());
  } catch (const NotLoggedIn&) {
    list_.odd.push_back({"a directory that can be read after a login only"});
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    list_.odd.push_back({fmt::format("a directory that cannot be read: {}", error.what())});
  }
  return std::nullopt;
}

void Objects::add_entries(DirectoryKind kind, const Bytes& entries) {
  const auto add = [&](const tlv::Node& node) {
    switch (kind) {
      case DirectoryKind::kPrivateKeys:
        return add_private_key(decode_key(node));
      case DirectoryKind::kPublicKeys:
      case DirectoryKind::kTrustedPublicKeys:
        return add_public_key(decode_key(node));
      case DirectoryKind::kData:
        return add_data(decode_data(node));
      default:
        return add_certificate(decode_certificate(node),
                               kind == DirectoryKind::kTrustedCertificates);
    }
  };
  for_each_entry(entries, add, [&](const char* reason) { list_.odd.push_back({reason}); });
}

void Objects::add_private_key(KeyEntry entry) {
  pairs_.push_back({std::move(entry), std::nullopt});
}

// By id. A public half that outlived its private one may have the id of a later pair: the newer
// entry, further behind, is that pair's then.
void Objects::add_public_key(KeyEntry entry) {
  const auto fits = [&](const KeyPair& pair) {
    return pair.private_half && pair.private_half->id == entry.id &&
           pair.private_half->type == entry.type;
  };
  auto pair = std::ranges::find_if(
      pairs_, [&](const KeyPair& one) { return fits(one) && !one.public_half; });
  if (pair == pairs_.end()) pair = std::ranges::find_if(pairs_, fits);
  if (pair == pairs_.end()) return pairs_.push_back({std::nullopt, std::move(entry)});
  auto outlived = std::exchange(pair->public_half, std::move(entry));
  if (outlived) pairs_.push_back({std::nullopt, std::move(outlived)});
}

void Objects::add_certificate(CertificateEntry entry, bool authority) {
  Certificate certificate;
  certificate.ref = ref_of(entry);
  // Several ids may share one file; the same entry twice is one object.
  if (const auto other = certificates_.find(certificate.ref); other != certificates_.end()) {
    if (other->second == entry) return;
    append(certificate.ref, crypto::sha1(entry.id));
  }
  certificate.der = known_certificate(entry);
  certificate.id = entry.id;
  certificate.label = entry.common.label;
  certificate.is_private = entry.common.is_private;
  certificate.authority = authority || entry.authority;
  certificate.modifiable = entry.common.modifiable;
  if (!certificates_.emplace(certificate.ref, std::move(entry)).second) return;
  list_.certificates.push_back(std::move(certificate));
}

void Objects::add_data(DataEntry entry) {
  DataObject object;
  object.ref = ref_of(entry);
  if (const auto other = data_.find(object.ref); other != data_.end()) {
    if (other->second == entry) return;
    append(object.ref, crypto::sha1(to_bytes(entry.common.label + '\0' + entry.application)));
  }
  object.label = entry.common.label;
  object.application = entry.application;
  object.oid = entry.oid;
  object.is_private = entry.common.is_private;
  object.modifiable = entry.common.modifiable;
  if (!data_.emplace(object.ref, std::move(entry)).second) return;
  list_.data.push_back(std::move(object));
}

// Directories come in any order, so pairs are made into keys only when all are read.
void Objects::finish_keys() {
  for (KeyPair& pair : pairs_) {
    const KeyEntry& main = pair.private_half ? *pair.private_half : *pair.public_half;
    Key key;
    key.public_key = public_half(pair);
    key.ref = ref_of(main, key.public_key);
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
    key.subject = main.subject;
    if (!keys_.emplace(key.ref, std::move(pair)).second) continue;
    list_.keys.push_back(std::move(key));
  }
  pairs_.clear();
}

/// Read with the directories: it says which key this is. What cannot be read now may be later.
PublicKey Objects::public_half(const KeyPair& pair) {
  if (!pair.public_half || pair.public_half->common.is_private) return std::monostate{};
  const KeyEntry& entry = *pair.public_half;
  try {
    const Bytes read = value(entry.path, entry.direct_value, false);
    append(print_, crypto::sha1(read));
    return decode_public_key(entry, read);
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    return std::monostate{};
  }
}

/// DER that was read before, if it was.
std::optional<Bytes> Objects::known_certificate(const CertificateEntry& entry) const {
  if (entry.common.is_private || !entry.direct_value.empty()) return std::nullopt;
  const auto known = remembered_.find(name_of(entry.path));
  if (known == remembered_.end()) return std::nullopt;
  return der_in(known->second);
}

const KeyEntry* Objects::private_entry(const ObjectRef& ref) const noexcept {
  const auto found = keys_.find(ref);
  if (found == keys_.end() || !found->second.private_half) return nullptr;
  return &*found->second.private_half;
}

const KeyEntry* Objects::public_entry(const ObjectRef& ref) const noexcept {
  const auto found = keys_.find(ref);
  if (found == keys_.end() || !found->second.public_half) return nullptr;
  return &*found->second.public_half;
}

const CertificateEntry* Objects::certificate_entry(const ObjectRef& ref) const noexcept {
  const auto found = certificates_.find(ref);
  return found == certificates_.end() ? nullptr : &found->second;
}

const DataEntry* Objects::data_entry(const ObjectRef& ref) const noexcept {
  const auto found = data_.find(ref);
  return found == data_.end() ? nullptr : &found->second;
}

Bytes Objects::value(const Path& path, const Bytes& direct, bool is_private) {
  if (!direct.empty()) return direct;
  if (path.file.empty()) throw ObjectNotFound("the directory names no file for this object");
  if (is_private) return read_value(*files_, path);
  return remembered(name_of(path), [&] { return read_value(*files_, path); });
}

PublicKey Objects::read_public_key(const ObjectRef& ref) {
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

Bytes Objects::read_certificate(const ObjectRef& ref) {
  const auto found = certificates_.find(ref);
  if (found == certificates_.end()) throw ObjectNotFound("no such certificate on the token");
  const Bytes contents =
      value(found->second.path, found->second.direct_value, found->second.common.is_private);
  auto der = der_in(contents);
  if (!der) throw MalformedAnswer("the certificate's file holds no certificate");
  return std::move(*der);
}

Bytes Objects::read_data(const ObjectRef& ref) {
  const auto found = data_.find(ref);
  if (found == data_.end()) throw ObjectNotFound("no such data object on the token");
  return value(found->second.path, found->second.direct_value, found->second.common.is_private);
}

std::optional<TokenInfoEntry> Objects::read_token_info() {
  try {
    return decode_token_info(
        read_directory(*files_, token_info_.empty() ? file(kTokenInfo) : token_info_));
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    return std::nullopt;  // the name is worth no failure
  }
}

std::string Objects::last_update() {
  const auto token = read_token_info();
  return token ? token->last_update : std::string();
}

std::vector<PinEntry> Objects::read_pins() {
  std::vector<PinEntry> pins;
  pins_unread_ = false;
  const auto add = [&](const tlv::Node& node) {
    if (auto pin = decode_pin(node)) pins.push_back(std::move(*pin));
  };
  for (const Bytes& directory : pin_directories_) {
    try {
      for_each_entry(contents(directory), add, [&](const char*) { pins_unread_ = true; });
    } catch (const ObjectNotFound&) {
      continue;  // named before it is made
    } catch (const Error& error) {
      if (!concerns_one_object(error)) throw;
      pins_unread_ = true;
    }
  }
  return pins;
}

}  // namespace kilt::pkcs15
