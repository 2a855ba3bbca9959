#include "drivers/kaztoken/store.h"

#include <algorithm>
#include <set>

#include "drivers/kaztoken/layout.h"
#include "drivers/pkcs15/encode.h"
#include "drivers/pkcs15/key_id.h"

namespace kilt::kaztoken {
namespace {

using pkcs15::DirectoryKind;
using Orphan = pkcs15::JournalRecord::Orphan;

constexpr unsigned kMaxFiles = 255;  // the platform's limit per folder

std::uint32_t private_bits(const KeyUsage& usage) {
  return (usage.sign ? pkcs15::usage::kSign : 0) | (usage.decrypt ? pkcs15::usage::kDecrypt : 0) |
         (usage.unwrap ? pkcs15::usage::kUnwrap : 0) | (usage.derive ? pkcs15::usage::kDerive : 0) |
         (usage.non_repudiation ? pkcs15::usage::kNonRepudiation : 0);
}

std::uint32_t public_bits(const KeyUsage& usage) {
  return (usage.sign ? pkcs15::usage::kVerify : 0) | (usage.decrypt ? pkcs15::usage::kEncrypt : 0) |
         (usage.unwrap ? pkcs15::usage::kWrap : 0) | (usage.derive ? pkcs15::usage::kDerive : 0);
}

std::uint32_t access_bits(bool local) {
  using namespace pkcs15::access;
  return local ? kSensitive | kAlwaysSensitive | kNeverExtractable | kLocal : kSensitive;
}

Bytes full_path(const FilePath& path) {
  Bytes bytes{0x3F, 0x00};
  for (const FileId id : path) append(bytes, write_be(id, 2));
  return bytes;
}

/// The entry, of those in the directory, that stands for the object.
template <typename Decode>
std::vector<Bytes>::iterator find_entry(std::vector<Bytes>& entries, const ObjectRef& ref,
                                        Decode decode) {
  return std::ranges::find_if(entries, [&](const Bytes& entry) {
    return pkcs15::ref_of(decode(*tlv::Reader(entry).next())) == ref;
  });
}

}  // namespace

Store::Store(apdu::Card& card, FileSystem& files, const pkcs15::Application& application)
    : card_(&card),
      files_(&files),
      application_(&application),
      layout_(layout()),
      editor_(files, layout_) {
  if (!files.exists(to_path(layout_.file(layout_.odf))))
    throw WriteProtected(
        "the token was formatted by other software, whose layout is not public: Kilt reads it but "
        "does not write to it");
  editor_.recover();
}

Byte Store::free_key_number() {
  std::set<FileId> taken;
  for (const FilePath& folder : {private_key_path(0), public_key_path(0)}) {
    const FilePath system_folder(folder.begin(), folder.end() - 1);
    try {
      for (const Fci& file : files_->children(system_folder)) taken.insert(file.id);
    } catch (const ObjectNotFound&) {
      continue;  // the folder comes into being with its first key
    }
  }
  for (unsigned number = 1; number <= kMaxFiles; ++number)
    if (!taken.contains(static_cast<FileId>(number))) return static_cast<Byte>(number);
  throw TokenFull("the token has no room for another key");
}

Bytes Store::free_file(std::uint16_t first_id) {
  for (unsigned i = 0; i < kMaxFiles; ++i) {
    Bytes path = layout_.file(static_cast<std::uint16_t>(first_id + i));
    if (!files_->exists(to_path(path))) return path;
  }
  throw TokenFull("the token has no room for another object");
}

ObjectRef Store::generate_key(const KeySpec& spec) {
  const KeyShape shape = shape_of(spec);
  return make_key(spec, shape, true,
                  [&](Byte number) { return generate_key_pair(*card_, number, shape); });
}

ObjectRef Store::import_key(const KeySpec& spec, const RsaPrivateKey& key) {
  if (spec.type != KeyType::kRsa) throw NotSupported("only RSA keys are imported");
  return make_key(spec, shape_of(spec), false, [&](Byte number) {
    load_key_pair(*card_, *files_, number, key);
    return PublicKey(RsaPublicKey{key.modulus, key.public_exponent});
  });
}

template <typename Fill>
ObjectRef Store::make_key(const KeySpec& spec, const KeyShape& shape, bool local, Fill fill) {
  const Byte number = free_key_number();
  const Bytes public_file = free_file(kPublicKeyFiles);
  const Bytes private_path = full_path(private_key_path(number));
  editor_.announce({{private_path, private_path},
                    {full_path(public_key_path(number)), private_path},
                    {public_file, public_file}});
  try {
    create_key_pair(*files_, number, shape);
    const PublicKey key = fill(number);
    const Bytes value = pkcs15::encode_public_key(key);
    files_->create(public_file, pkcs15::FileUse::kPublicValue, value.size());
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
  pkcs15::KeyEntry entry;
  entry.common = {spec.label, true, true, {kUserAuthId}};
  entry.type = shape.type;
  entry.id = spec.id.empty() ? pkcs15::key_id(key) : spec.id;
  entry.usage = private_bits(spec.usage);
  entry.access = access_bits(local);
  entry.reference = number;
  entry.modulus_bits = shape.bits;
  entry.gost_parameters = shape.curve;
  entry.path.file = full_path(private_key_path(number));
  pkcs15::KeyEntry public_entry = entry;
  public_entry.common = {spec.label, false, true, {}};
  public_entry.usage = public_bits(spec.usage);
  public_entry.access = 0;
  public_entry.path.file = public_file;
  editor_.entries(DirectoryKind::kPrivateKeys).push_back(pkcs15::encode_key(entry, true));
  editor_.entries(DirectoryKind::kPublicKeys).push_back(pkcs15::encode_key(public_entry, false));
  editor_.commit();
  return pkcs15::ref_of(entry);
}

Bytes Store::write_value(std::uint16_t first_id, pkcs15::FileUse use, BytesView value) {
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
  pkcs15::CertificateEntry entry;
  entry.common = {certificate.label, false, true, {}};
  entry.id = certificate.id;
  entry.authority = certificate.authority;
  entry.path.file = write_value(kCertificateFiles, pkcs15::FileUse::kPublicValue, der);
  editor_.entries(DirectoryKind::kCertificates).push_back(pkcs15::encode_certificate(entry));
  editor_.commit();
  return pkcs15::ref_of(entry);
}

ObjectRef Store::write_data(const DataObject& object, BytesView value) {
  pkcs15::DataEntry entry;
  entry.common = {object.label, object.is_private, true, {}};
  if (object.is_private) entry.common.auth_id = {kUserAuthId};
  entry.application = object.application;
  entry.oid = object.oid;
  entry.path.file = write_value(
      object.is_private ? kPrivateDataFiles : kDataFiles,
      object.is_private ? pkcs15::FileUse::kPrivateValue : pkcs15::FileUse::kPublicValue, value);
  editor_.entries(DirectoryKind::kData).push_back(pkcs15::encode_data(entry));
  editor_.commit();
  return pkcs15::ref_of(entry);
}

void Store::change_key(const ObjectRef& ref, const ObjectChange& change) {
  const pkcs15::KeyEntry* private_half = application_->private_entry(ref);
  const pkcs15::KeyEntry* public_half = application_->public_entry(ref);
  const pkcs15::KeyEntry* any = private_half != nullptr ? private_half : public_half;
  if (any == nullptr) throw ObjectNotFound("the key is no longer on the token");
  const auto rename = [&](DirectoryKind kind, const pkcs15::KeyEntry* half) {
    if (half == nullptr) return;
    auto& entries = editor_.entries(kind);
    const auto entry = find_entry(entries, pkcs15::ref_of(*half), pkcs15::decode_key);
    if (entry != entries.end()) *entry = pkcs15::with_names(*entry, change);
  };
  rename(DirectoryKind::kPrivateKeys, private_half);
  rename(DirectoryKind::kPublicKeys, public_half);
  if (change.id && !any->id.empty()) {
    ObjectChange id_only;
    id_only.id = change.id;
    for (Bytes& entry : editor_.entries(DirectoryKind::kCertificates))
      if (pkcs15::decode_certificate(*tlv::Reader(entry).next()).id == any->id)
        entry = pkcs15::with_names(entry, id_only);
  }
  editor_.commit();
}

void Store::change_certificate(const ObjectRef& ref, const ObjectChange& change) {
  auto& entries = editor_.entries(DirectoryKind::kCertificates);
  const auto entry = find_entry(entries, ref, pkcs15::decode_certificate);
  if (entry == entries.end()) throw ObjectNotFound("the certificate is no longer on the token");
  *entry = pkcs15::with_names(*entry, change);
  editor_.commit();
}

void Store::change_data(const ObjectRef& ref, const ObjectChange& change) {
  auto& entries = editor_.entries(DirectoryKind::kData);
  const auto entry = find_entry(entries, ref, pkcs15::decode_data);
  if (entry == entries.end()) throw ObjectNotFound("the data object is no longer on the token");
  ObjectChange label_only;
  label_only.label = change.label;
  *entry = pkcs15::with_names(*entry, label_only);
  editor_.commit();
}

void Store::delete_key(const ObjectRef& ref) {
  std::vector<Orphan> files;
  const auto drop = [&](DirectoryKind kind, const pkcs15::KeyEntry* half) {
    if (half == nullptr) return;
    auto& entries = editor_.entries(kind);
    const auto entry = find_entry(entries, pkcs15::ref_of(*half), pkcs15::decode_key);
    if (entry != entries.end()) entries.erase(entry);
    files.push_back({half->path.file, half->path.file});
  };
  const pkcs15::KeyEntry* private_half = application_->private_entry(ref);
  drop(DirectoryKind::kPrivateKeys, private_half);
  drop(DirectoryKind::kPublicKeys, application_->public_entry(ref));
  if (files.empty()) throw ObjectNotFound("the key is no longer on the token");
  if (private_half != nullptr)
    files.push_back({full_path(public_key_path(private_half->reference)), private_half->path.file});
  editor_.commit(std::move(files));
}

void Store::delete_certificate(const ObjectRef& ref) {
  auto& entries = editor_.entries(DirectoryKind::kCertificates);
  const auto entry = find_entry(entries, ref, pkcs15::decode_certificate);
  if (entry == entries.end()) throw ObjectNotFound("the certificate is no longer on the token");
  const Bytes file = pkcs15::decode_certificate(*tlv::Reader(*entry).next()).path.file;
  entries.erase(entry);
  editor_.commit({{file, file}});
}

void Store::delete_data(const ObjectRef& ref) {
  auto& entries = editor_.entries(DirectoryKind::kData);
  const auto entry = find_entry(entries, ref, pkcs15::decode_data);
  if (entry == entries.end()) throw ObjectNotFound("the data object is no longer on the token");
  const Bytes file = pkcs15::decode_data(*tlv::Reader(*entry).next()).path.file;
  entries.erase(entry);
  editor_.commit({{file, file}});
}

}  // namespace kilt::kaztoken
