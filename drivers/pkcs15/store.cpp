#include "drivers/pkcs15/store.h"

#include <algorithm>

#include "drivers/errors.h"
#include "drivers/pkcs15/encode.h"
#include "drivers/pkcs15/key_id.h"

namespace kilt::pkcs15 {
namespace {

using Orphan = JournalRecord::Orphan;

constexpr unsigned kMaxFiles = 255;  // values of one kind

std::uint32_t private_bits(const KeyUsage& key) {
  return (key.sign ? usage::kSign : 0) | (key.decrypt ? usage::kDecrypt : 0) |
         (key.unwrap ? usage::kUnwrap : 0) | (key.derive ? usage::kDerive : 0) |
         (key.non_repudiation ? usage::kNonRepudiation : 0);
}

std::uint32_t public_bits(const KeyUsage& key) {
  return (key.sign ? usage::kVerify : 0) | (key.decrypt ? usage::kEncrypt : 0) |
         (key.unwrap ? usage::kWrap : 0) | (key.derive ? usage::kDerive : 0);
}

std::uint32_t access_bits(bool local) {
  using namespace access;
  return local ? kSensitive | kAlwaysSensitive | kNeverExtractable | kLocal : kSensitive;
}

/// The entry, of those in the directory, that stands for the object.
template <typename Decode>
std::vector<Bytes>::iterator find_entry(std::vector<Bytes>& entries, const ObjectRef& ref,
                                        Decode decode) {
  return std::ranges::find_if(entries, [&](const Bytes& entry) {
    return ref_of(decode(*tlv::Reader(entry).next())) == ref;
  });
}

}  // namespace

Store::Store(WritableFiles& files, KeyObjects& key_objects, const Application& application,
             Places places)
    : files_(&files),
      key_objects_(&key_objects),
      application_(&application),
      places_(std::move(places)),
      editor_(files, places_.layout) {
  if (!exists(places_.layout.file(places_.layout.odf)))
    throw WriteProtected(
        "the token was formatted by other software, whose layout is not public: Kilt reads it but "
        "does not write to it");
  editor_.recover();
}

bool Store::exists(BytesView path) {
  try {
    files_->select(path);
    return true;
  } catch (const ObjectNotFound&) {
    return false;
  }
}

Bytes Store::free_file(std::uint16_t first_id) {
  for (unsigned i = 0; i < kMaxFiles; ++i) {
    Bytes path = places_.layout.file(static_cast<std::uint16_t>(first_id + i));
    if (!exists(path)) return path;
  }
  throw TokenFull("the token has no room for another object");
}

ObjectRef Store::generate_key(const KeySpec& spec) {
  const KeyShape shape = key_objects_->shape(spec);
  return make_key(spec, shape, true,
                  [&](Byte number) { return key_objects_->generate(number, spec, shape); });
}

ObjectRef Store::import_key(const KeySpec& spec, const RsaPrivateKey& key) {
  if (spec.type != KeyType::kRsa) throw NotSupported("only RSA keys are imported");
  const KeyShape shape = key_objects_->shape(spec);
  return make_key(spec, shape, false, [&](Byte number) {
    key_objects_->import(number, spec, shape, key);
    return PublicKey(RsaPublicKey{key.modulus, key.public_exponent});
  });
}

template <typename Fill>
ObjectRef Store::make_key(const KeySpec& spec, const KeyShape& shape, bool local, Fill fill) {
  std::set<Byte> taken;
  while (true) {
    const Byte number = key_objects_->free_number(*application_, taken);
    try {
      return make_key_as(number, spec, shape, local, fill);
    } catch (const NumberTaken&) {
      editor_.recover();
      if (!taken.insert(number).second) throw TokenFull("the token has no room for another key");
    }
  }
}

template <typename Fill>
ObjectRef Store::make_key_as(Byte number, const KeySpec& spec, const KeyShape& shape, bool local,
                             Fill fill) {
  const Bytes public_file = free_file(places_.public_keys);
  std::vector<Orphan> orphans = key_objects_->parts(number, public_file);
  orphans.push_back({public_file, public_file});
  editor_.announce(std::move(orphans));
  try {
    const PublicKey key = fill(number);
    const Bytes value = encode_public_key(key);
    files_->create(public_file, FileUse::kPublicValue, value.size());
    files_->select(public_file);
    files_->update(0, value);
    return add_key_entries(spec, shape, local, number, key, public_file);
  } catch (const CardRemoved&) {
    throw;
  } catch (const CardReset&) {
    throw;
  } catch (const Error&) {
    editor_.recover();  // the card is still there: take the halves away at once
    throw;
  }
}

ObjectRef Store::add_key_entries(const KeySpec& spec, const KeyShape& shape, bool local,
                                 Byte number, const PublicKey& key, const Bytes& public_file) {
  KeyEntry entry;
  entry.common = {spec.label, true, true, places_.user_auth_id};
  entry.type = shape.type;
  entry.id = spec.id.empty() ? key_id(key) : spec.id;
  entry.usage = private_bits(spec.usage);
  entry.access = access_bits(local);
  entry.reference = number;
  entry.modulus_bits = shape.bits;
  entry.gost_parameters = shape.curve;
  entry.path.file = key_objects_->path(number);
  KeyEntry public_entry = entry;
  public_entry.common = {spec.label, false, true, {}};
  public_entry.usage = public_bits(spec.usage);
  public_entry.access = 0;
  public_entry.path.file = public_file;
  editor_.entries(DirectoryKind::kPrivateKeys).push_back(encode_key(entry, true));
  editor_.entries(DirectoryKind::kPublicKeys).push_back(encode_key(public_entry, false));
  editor_.commit();
  return ref_of(entry);
}

Bytes Store::write_value(std::uint16_t first_id, FileUse use, BytesView value) {
  Bytes path = free_file(first_id);
  editor_.announce({{path, path}});
  try {
    files_->create(path, use, value.size());
    files_->select(path);
    files_->update(0, value);
  } catch (const TokenFull&) {
    editor_.recover();
    throw;
  }
  return path;
}

ObjectRef Store::write_certificate(const Certificate& certificate, BytesView der) {
  CertificateEntry entry;
  entry.common = {certificate.label, false, true, {}};
  entry.id = certificate.id;
  entry.authority = certificate.authority;
  entry.path.file = write_value(places_.certificates, FileUse::kPublicValue, der);
  editor_.entries(DirectoryKind::kCertificates).push_back(encode_certificate(entry));
  editor_.commit();
  return ref_of(entry);
}

ObjectRef Store::write_data(const DataObject& object, BytesView value) {
  DataEntry entry;
  entry.common = {object.label, object.is_private, true, {}};
  if (object.is_private) entry.common.auth_id = places_.user_auth_id;
  entry.application = object.application;
  entry.oid = object.oid;
  entry.path.file =
      write_value(object.is_private ? places_.private_data : places_.data,
                  object.is_private ? FileUse::kPrivateValue : FileUse::kPublicValue, value);
  editor_.entries(DirectoryKind::kData).push_back(encode_data(entry));
  editor_.commit();
  return ref_of(entry);
}

void Store::change_key(const ObjectRef& ref, const ObjectChange& change) {
  const KeyEntry* private_half = application_->private_entry(ref);
  const KeyEntry* public_half = application_->public_entry(ref);
  const KeyEntry* any = private_half != nullptr ? private_half : public_half;
  if (any == nullptr) throw ObjectNotFound("the key is no longer on the token");
  const auto rename = [&](DirectoryKind kind, const KeyEntry* half) {
    if (half == nullptr) return;
    auto& entries = editor_.entries(kind);
    const auto entry = find_entry(entries, ref_of(*half), decode_key);
    if (entry != entries.end()) *entry = with_names(*entry, change);
  };
  rename(DirectoryKind::kPrivateKeys, private_half);
  rename(DirectoryKind::kPublicKeys, public_half);
  if (change.id && !any->id.empty()) {
    ObjectChange id_only;
    id_only.id = change.id;
    for (Bytes& entry : editor_.entries(DirectoryKind::kCertificates))
      if (decode_certificate(*tlv::Reader(entry).next()).id == any->id)
        entry = with_names(entry, id_only);
  }
  editor_.commit();
}

void Store::change_certificate(const ObjectRef& ref, const ObjectChange& change) {
  auto& entries = editor_.entries(DirectoryKind::kCertificates);
  const auto entry = find_entry(entries, ref, decode_certificate);
  if (entry == entries.end()) throw ObjectNotFound("the certificate is no longer on the token");
  *entry = with_names(*entry, change);
  editor_.commit();
}

void Store::change_data(const ObjectRef& ref, const ObjectChange& change) {
  auto& entries = editor_.entries(DirectoryKind::kData);
  const auto entry = find_entry(entries, ref, decode_data);
  if (entry == entries.end()) throw ObjectNotFound("the data object is no longer on the token");
  ObjectChange label_only;
  label_only.label = change.label;
  *entry = with_names(*entry, label_only);
  editor_.commit();
}

void Store::delete_key(const ObjectRef& ref) {
  std::vector<Orphan> files;
  const auto drop = [&](DirectoryKind kind, const KeyEntry& half) {
    auto& entries = editor_.entries(kind);
    const auto entry = find_entry(entries, ref_of(half), decode_key);
    if (entry != entries.end()) entries.erase(entry);
  };
  if (const KeyEntry* half = application_->private_entry(ref)) {
    drop(DirectoryKind::kPrivateKeys, *half);
    files = key_objects_->leftovers(*half);
  }
  if (const KeyEntry* half = application_->public_entry(ref)) {
    drop(DirectoryKind::kPublicKeys, *half);
    if (!half->path.file.empty()) files.push_back({half->path.file, half->path.file});
  }
  if (files.empty()) throw ObjectNotFound("the key is no longer on the token");
  editor_.commit(std::move(files));
}

void Store::delete_certificate(const ObjectRef& ref) {
  auto& entries = editor_.entries(DirectoryKind::kCertificates);
  const auto entry = find_entry(entries, ref, decode_certificate);
  if (entry == entries.end()) throw ObjectNotFound("the certificate is no longer on the token");
  const Bytes file = decode_certificate(*tlv::Reader(*entry).next()).path.file;
  entries.erase(entry);
  editor_.commit({{file, file}});
}

void Store::delete_data(const ObjectRef& ref) {
  auto& entries = editor_.entries(DirectoryKind::kData);
  const auto entry = find_entry(entries, ref, decode_data);
  if (entry == entries.end()) throw ObjectNotFound("the data object is no longer on the token");
  const Bytes file = decode_data(*tlv::Reader(*entry).next()).path.file;
  entries.erase(entry);
  editor_.commit({{file, file}});
}

}  // namespace kilt::pkcs15
