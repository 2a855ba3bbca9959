#include "drivers/pkcs15/writer.h"

#include <algorithm>

#include <fmt/format.h>

#include "drivers/crypto/spki.h"
#include "drivers/errors.h"
#include "drivers/pkcs15/encode.h"

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

/// The entry of the directory that is this very one: not another object's in the same place.
template <typename Entry, typename Decode>
std::vector<Bytes>::iterator find_entry(std::vector<Bytes>& entries, const Entry& wanted,
                                        Decode decode) {
  return std::ranges::find_if(entries, [&](const Bytes& entry) {
    try {
      return decode(*tlv::Reader(entry).next()) == wanted;
    } catch (const MalformedAnswer&) {
      return false;
    }
  });
}

/// Of a certificate's entry.
bool has_id(const Bytes& entry, const Bytes& id) {
  try {
    return decode_certificate(*tlv::Reader(entry).next()).id == id;
  } catch (const MalformedAnswer&) {
    return false;
  }
}

template <typename Entry>
const Entry& need_entry(const Entry* entry, const char* what) {
  if (entry == nullptr) throw ObjectNotFound(fmt::format("the {} is no longer on the token", what));
  return *entry;
}

}  // namespace

Writer::Writer(WritableFiles& files, KeyWriter& key_writer, const Objects& objects,
               FileAllocation allocation)
    : files_(&files),
      key_writer_(&key_writer),
      objects_(&objects),
      allocation_(std::move(allocation)),
      editor_(files, allocation_.layout) {
  if (!exists(allocation_.layout.file(allocation_.layout.odf)))
    throw WriteProtected(
        "the token was formatted by other software, whose layout is not public: Kilt reads it but "
        "does not write to it");
  editor_.recover();
}

bool Writer::exists(BytesView path) {
  try {
    files_->select(path);
    return true;
  } catch (const ObjectNotFound&) {
    return false;
  }
}

Bytes Writer::free_file(std::uint16_t first_id) {
  for (unsigned i = 0; i < kMaxFiles; ++i) {
    Bytes path = allocation_.layout.file(static_cast<std::uint16_t>(first_id + i));
    if (!exists(path)) return path;
  }
  throw TokenFull("the token has no room for another object");
}

ObjectRef Writer::generate_key(const KeySpec& spec) {
  const KeyShape shape = key_writer_->shape(spec);
  return make_key(spec, shape, true,
                  [&](Byte number) { return key_writer_->generate(number, spec, shape); });
}

ObjectRef Writer::import_key(const KeySpec& spec, const RsaPrivateKey& key) {
  if (spec.type != KeyType::kRsa) throw NotSupported("only RSA keys are imported");
  const KeyShape shape = key_writer_->shape(spec);
  return make_key(spec, shape, false, [&](Byte number) {
    key_writer_->import(number, spec, shape, key);
    return PublicKey(RsaPublicKey{key.modulus, key.public_exponent});
  });
}

template <typename Fill>
ObjectRef Writer::make_key(const KeySpec& spec, const KeyShape& shape, bool local, Fill fill) {
  std::set<Byte> taken;
  while (true) {
    const Byte number = key_writer_->free_number(*objects_, taken);
    try {
      return make_key_as(number, spec, shape, local, fill);
    } catch (const NumberTaken&) {
      editor_.recover();
      if (!taken.insert(number).second) throw TokenFull("the token has no room for another key");
    }
  }
}

template <typename Fill>
ObjectRef Writer::make_key_as(Byte number, const KeySpec& spec, const KeyShape& shape, bool local,
                              Fill fill) {
  const Bytes public_file = free_file(allocation_.public_keys);
  std::vector<Orphan> orphans = key_writer_->parts(number, public_file);
  orphans.push_back({public_file, public_file});
  editor_.announce(std::move(orphans));
  try {
    const PublicKey key = fill(number);
    const Bytes value = crypto::encode_public_key(key);
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

ObjectRef Writer::add_key_entries(const KeySpec& spec, const KeyShape& shape, bool local,
                                  Byte number, const PublicKey& key, const Bytes& public_file) {
  KeyEntry entry;
  entry.common = {spec.label, true, true, allocation_.user_auth_id};
  entry.type = shape.type;
  entry.id = spec.id.empty() ? crypto::key_id(key) : spec.id;
  entry.usage = private_bits(spec.usage);
  entry.access = access_bits(local);
  entry.reference = number;
  entry.modulus_bits = shape.bits;
  entry.gost_parameters = shape.curve;
  entry.path.file = key_writer_->path(number);
  KeyEntry public_entry = entry;
  entry.subject = spec.subject;
  public_entry.common = {spec.label, false, true, {}};
  public_entry.usage = public_bits(spec.usage);
  public_entry.access = 0;
  public_entry.path.file = public_file;
  editor_.entries(DirectoryKind::kPrivateKeys).push_back(encode_key(entry, true));
  editor_.entries(DirectoryKind::kPublicKeys).push_back(encode_key(public_entry, false));
  editor_.commit();
  return ref_of(entry, key);
}

Bytes Writer::write_value(std::uint16_t first_id, FileUse use, BytesView value) {
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

ObjectRef Writer::write_certificate(const Certificate& certificate, BytesView der) {
  CertificateEntry entry;
  entry.common = {certificate.label, certificate.is_private, true, {}};
  if (certificate.is_private) entry.common.auth_id = allocation_.user_auth_id;
  entry.id = certificate.id;
  entry.authority = certificate.authority;
  entry.path.file = certificate.is_private
                        ? write_value(allocation_.private_data, FileUse::kPrivateValue, der)
                        : write_value(allocation_.certificates, FileUse::kPublicValue, der);
  editor_.entries(DirectoryKind::kCertificates).push_back(encode_certificate(entry));
  editor_.commit();
  return ref_of(entry);
}

ObjectRef Writer::write_data(const DataObject& object, BytesView value) {
  DataEntry entry;
  entry.common = {object.label, object.is_private, true, {}};
  if (object.is_private) entry.common.auth_id = allocation_.user_auth_id;
  entry.application = object.application;
  entry.oid = object.oid;
  entry.path.file =
      write_value(object.is_private ? allocation_.private_data : allocation_.data,
                  object.is_private ? FileUse::kPrivateValue : FileUse::kPublicValue, value);
  editor_.entries(DirectoryKind::kData).push_back(encode_data(entry));
  editor_.commit();
  return ref_of(entry);
}

template <typename Entry, typename Decode>
std::vector<Bytes>::iterator Writer::need_stored(DirectoryKind kind, const Entry& wanted,
                                                 Decode decode, const char* what) {
  auto& entries = editor_.entries(kind);
  const auto entry = find_entry(entries, wanted, decode);
  if (entry == entries.end())
    throw ObjectNotFound(fmt::format("the {} is no longer on the token", what));
  return entry;
}

void Writer::change_key(const ObjectRef& ref, const ObjectChange& change) {
  const KeyEntry* private_half = objects_->private_entry(ref);
  const KeyEntry* public_half = objects_->public_entry(ref);
  const KeyEntry& any = need_entry(private_half != nullptr ? private_half : public_half, "key");
  const auto rename = [&](DirectoryKind kind, const KeyEntry* half, const ObjectChange& names) {
    if (half == nullptr) return;
    const auto entry = need_stored(kind, *half, decode_key, "key");
    *entry = with_names(*entry, names);
  };
  ObjectChange public_names = change;
  public_names.subject.reset();
  rename(DirectoryKind::kPrivateKeys, private_half, change);
  rename(DirectoryKind::kPublicKeys, public_half, public_names);
  if (change.id && !any.id.empty()) {
    ObjectChange id_only;
    id_only.id = change.id;
    for (Bytes& entry : editor_.entries(DirectoryKind::kCertificates))
      if (has_id(entry, any.id)) entry = with_names(entry, id_only);
  }
  editor_.commit();
}

void Writer::change_certificate(const ObjectRef& ref, const ObjectChange& change) {
  const CertificateEntry& wanted = need_entry(objects_->certificate_entry(ref), "certificate");
  const auto entry =
      need_stored(DirectoryKind::kCertificates, wanted, decode_certificate, "certificate");
  *entry = with_names(*entry, change);
  editor_.commit();
}

void Writer::change_data(const ObjectRef& ref, const ObjectChange& change) {
  const DataEntry& wanted = need_entry(objects_->data_entry(ref), "data object");
  const auto entry = need_stored(DirectoryKind::kData, wanted, decode_data, "data object");
  ObjectChange label_only;
  label_only.label = change.label;
  *entry = with_names(*entry, label_only);
  editor_.commit();
}

void Writer::delete_key(const ObjectRef& ref, KeyHalf half) {
  const bool is_private = half == KeyHalf::kPrivate;
  const DirectoryKind kind = is_private ? DirectoryKind::kPrivateKeys : DirectoryKind::kPublicKeys;
  const KeyEntry& wanted =
      need_entry(is_private ? objects_->private_entry(ref) : objects_->public_entry(ref), "key");
  const auto entry = need_stored(kind, wanted, decode_key, "key");
  std::vector<Orphan> files;
  if (is_private)
    files = key_writer_->leftovers(wanted);
  else if (!wanted.path.file.empty())
    files = {{wanted.path.file, wanted.path.file}};
  editor_.entries(kind).erase(entry);
  editor_.commit(std::move(files));
}

void Writer::delete_certificate(const ObjectRef& ref) {
  const CertificateEntry& wanted = need_entry(objects_->certificate_entry(ref), "certificate");
  const auto entry =
      need_stored(DirectoryKind::kCertificates, wanted, decode_certificate, "certificate");
  editor_.entries(DirectoryKind::kCertificates).erase(entry);
  editor_.commit({{wanted.path.file, wanted.path.file}});
}

void Writer::delete_data(const ObjectRef& ref) {
  const DataEntry& wanted = need_entry(objects_->data_entry(ref), "data object");
  const auto entry = need_stored(DirectoryKind::kData, wanted, decode_data, "data object");
  editor_.entries(DirectoryKind::kData).erase(entry);
  editor_.commit({{wanted.path.file, wanted.path.file}});
}

}  // namespace kilt::pkcs15
