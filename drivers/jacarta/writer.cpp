#include "drivers/jacarta/writer.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "drivers/crypto/spki.h"
#include "drivers/errors.h"
#include "drivers/jacarta/keys.h"

namespace kilt::jacarta {
namespace {

constexpr std::size_t kKeyIdSize = 20;

std::string numbered(const char* name, unsigned number) {
  return fmt::format("{}{:02}", name, number);
}

/// Where the object lies. Throws ObjectNotFound.
const FilePath& path_of(const std::map<ObjectRef, FilePath>& paths, const ObjectRef& ref,
                        const char* what) {
  const auto found = paths.find(ref);
  if (found == paths.end())
    throw ObjectNotFound(fmt::format("the {} is no longer on the token", what));
  return found->second;
}

}  // namespace

/// The public half was finished, the private one not (or has lost its key already): of one pair, as
/// id and the counters' value show.
bool Writer::is_half_of_interrupted_pair(const PairFiles& pair) const {
  const StoredFile* first = file_cache_->find(pair.private_file);
  const StoredFile* second = file_cache_->find(pair.public_file);
  if (first == nullptr || first->state != StoredFile::State::kUnfinished || second == nullptr ||
      second->state != StoredFile::State::kGood)
    return false;
  const auto count = [](const StoredFile& file) {
    return static_cast<std::uint16_t>(file.object.stamp[0] | file.object.stamp[1] << 8);
  };
  return first->object.value(attribute::kId) == second->object.value(attribute::kId) &&
         static_cast<std::uint16_t>(count(*first) + 1) == count(*second);
}

// A number is free if nothing of another object has it, wherever it lies: halves may be in either
// directory, and a certificate of an earlier key would be taken for the new one's.
Writer::PairFiles Writer::free_pair() {
  const std::array directories{kPublicDirectory, kPrivateDirectory};
  std::set<FilePath> objects;
  for (const FilePath& directory : directories)
    for (const ListEntry& entry : files_->children(directory, FileType::kKeyObject).entries)
      objects.insert(in_directory(directory, entry.id));
  const auto map = file_cache_->container_map();
  for (unsigned number = 0; number < kMaxKeys; ++number) {
    const auto at = [&](FileId first) { return static_cast<FileId>(first + number); };
    PairFiles pair{number, in_directory(kPrivateDirectory, at(kPrivateKeyFiles)),
                   in_directory(kPrivateDirectory, at(kPrivateKeys)),
                   in_directory(kPublicDirectory, at(kPublicKeyFiles)),
                   in_directory(kPublicDirectory, at(kPublicKeys))};
    const auto left_behind = [&](const FilePath& path) {
      const StoredFile* file = file_cache_->find(path);
      return file != nullptr && file->state == StoredFile::State::kUnfinished;
    };
    const bool half_pair = is_half_of_interrupted_pair(pair);
    const bool leftover = left_behind(pair.private_file) || left_behind(pair.public_file);
    bool taken = map && !map->free(number) && !half_pair;
    for (const FilePath& directory : directories) {
      for (const FileId first : {kPrivateKeyFiles, kPublicKeyFiles}) {
        const FilePath path = in_directory(directory, at(first));
        const bool ours = left_behind(path) || (half_pair && path == pair.public_file);
        taken |= file_cache_->find(path) != nullptr && !ours;
      }
      taken |= file_cache_->find(in_directory(directory, at(kKeyCertificateFiles))) != nullptr;
      for (const FileId first : {kPrivateKeys, kPublicKeys})
        taken |= objects.contains(in_directory(directory, at(first))) && !leftover;
    }
    if (taken) continue;
    if (leftover) sweep(pair);
    return pair;
  }
  throw TokenFull("the token has no room for another key");
}

/// Takes away what an interrupted making or deleting left.
void Writer::sweep(const PairFiles& pair) {
  for (const FilePath& path :
       {pair.private_key, pair.public_key, pair.private_file, pair.public_file}) {
    files_->remove(path);
    file_cache_->changed(path);
  }
}

ObjectRef Writer::generate_key(const KeySpec& spec) {
  check_key_spec(spec);
  return make_key(spec, spec.bits, true,
                  [&](const FilePath& path) { return generate_in(*files_, path, spec.bits); });
}

ObjectRef Writer::import_key(const KeySpec& spec, const RsaPrivateKey& key) {
  KeySpec checked = spec;
  checked.bits = modulus_bits(key.modulus);
  checked.public_exponent = key.public_exponent;
  check_key_spec(checked);
  return make_key(spec, checked.bits, false, [&](const FilePath& path) {
    load_into(*files_, path, key);
    return RsaPublicKey{key.modulus, key.public_exponent};
  });
}

template <typename Fill>
ObjectRef Writer::make_key(const KeySpec& spec, unsigned bits, bool local, Fill fill) {
  KeyNames names{spec.label, spec.id, spec.usage, local, spec.subject};
  if (names.id.empty()) names.id = Bytes(kKeyIdSize, 0x00);  // its length is known already
  const RsaPublicKey placeholder{Bytes(bits / 8, 0xFF), Bytes{0x01, 0x00, 0x01}};
  const PairFiles pair = free_pair();
  return out_.undoing([&] {
    out_.raise();
    out_.begin(pair.private_file, private_key_file(pair.private_file.back(), names).encode().size(),
               numbered("kxs", pair.number), object_rules());
    out_.begin(pair.public_file,
               public_key_file(pair.public_file.back(), names, placeholder).encode().size(), {},
               object_rules());
    create_private_key(*files_, pair.private_key, bits);
    out_.made(pair.private_key);
    const RsaPublicKey key = fill(pair.private_key);
    if (spec.id.empty()) names.id = crypto::key_id(key);
    return write_key_files(pair, names, key);
  });
}

ObjectRef Writer::write_key_files(const PairFiles& pair, KeyNames names, const RsaPublicKey& key) {
  AttributeFile private_half = private_key_file(pair.private_file.back(), names);
  private_half.stamp = out_.stamp();
  out_.fill(pair.private_file, private_half);
  out_.raise();
  create_public_key(*files_, pair.public_key, key);
  out_.made(pair.public_key);
  AttributeFile public_half = public_key_file(pair.public_file.back(), names, key);
  public_half.stamp = out_.stamp();
  out_.fill(pair.public_file, public_half);
  out_.commit(pair.public_file);
  out_.commit(pair.private_file);
  if (auto map = file_cache_->container_map()) {
    map->set(pair.number, names.id, modulus_bits(key.modulus));
    out_.write_container_map(*map);
  }
  return make_ref(pair.private_file, private_half);
}

std::optional<unsigned> Writer::container_of(const ObjectRef& key) const {
  const auto pair = objects_->keys.find(key);
  if (pair == objects_->keys.end() || !pair->second.private_file) return std::nullopt;
  const FileId file = pair->second.private_file->back();
  if (!has_container(file)) return std::nullopt;
  return file & 0xFFU;
}

std::optional<FilePath> Writer::certificate_path(const Key& key) {
  const auto number = container_of(key.ref);
  if (!number) return std::nullopt;
  const auto id = static_cast<FileId>(kKeyCertificateFiles + *number);
  if (file_cache_->find(in_directory(kPrivateDirectory, id)) != nullptr) return std::nullopt;
  FilePath path = in_directory(kPublicDirectory, id);
  if (!out_.is_free(path)) return std::nullopt;
  return path;
}

ObjectRef Writer::write_certificate(const Certificate& certificate, BytesView der) {
  // Beside the key with the same id, if its place is free.
  const auto& keys = objects_->list.keys;
  const auto key = std::ranges::find_if(keys, [&](const Key& one) {
    return one.has_private && !one.id.empty() && one.id == certificate.id;
  });
  std::optional<FilePath> place;
  if (key != keys.end() && !certificate.is_private) place = certificate_path(*key);
  const bool with_key = place.has_value();
  if (!place)
    place = out_.free_path(certificate.is_private ? kPrivateDirectory : kPublicDirectory,
                           kOtherCertificateFiles, kMaxOthers);
  const unsigned number = place->back() & 0xFFU;
  ObjectRef ref = out_.add_object(*place, certificate_file(place->back(), certificate, der),
                                  with_key ? numbered("kxc", number) : std::string(),
                                  certificate.is_private ? private_value_rules() : object_rules());
  auto map = file_cache_->container_map();
  if (with_key && map && map->set_default(number)) out_.write_container_map(*map);
  return ref;
}

ObjectRef Writer::write_data(const DataObject& data, BytesView value) {
  const FilePath path = out_.free_path(data.is_private ? kPrivateDirectory : kPublicDirectory,
                                       kDataFiles, kMaxOthers);
  return out_.add_object(path, data_file(path.back(), data, value), {},
                         data.is_private ? private_value_rules() : public_data_rules());
}

void Writer::change_key(const ObjectRef& ref, const ObjectChange& change) {
  const auto pair = objects_->keys.find(ref);
  if (pair == objects_->keys.end()) throw ObjectNotFound("the key is no longer on the token");
  const auto& [private_file, public_file] = pair->second;
  const Bytes old_id =
      out_.stored(private_file ? *private_file : *public_file).value(attribute::kId);
  ObjectChange public_change = change;
  public_change.subject.reset();
  if (public_file) out_.change(*public_file, public_change);
  if (private_file) out_.change(*private_file, change);
  if (!change.id || *change.id == old_id) return;
  ObjectChange id_only;
  id_only.id = change.id;
  for (const Certificate& certificate : objects_->list.certificates)
    if (!old_id.empty() && certificate.id == old_id)
      out_.change(objects_->certificates.at(certificate.ref), id_only);
  const auto number = container_of(ref);
  auto map = file_cache_->container_map();
  if (!number || !map || map->free(*number)) return;
  map->rename(*number, *change.id);
  out_.write_container_map(*map);
}

void Writer::change_certificate(const ObjectRef& ref, const ObjectChange& change) {
  out_.change(path_of(objects_->certificates, ref, "certificate"), change);
}

void Writer::change_data(const ObjectRef& ref, const ObjectChange& change) {
  ObjectChange label_only;
  label_only.label = change.label;
  out_.change(path_of(objects_->data, ref, "data object"), label_only);
}

void Writer::delete_key(const ObjectRef& ref, KeyHalf half) {
  const auto found = objects_->keys.find(ref);
  const bool is_private = half == KeyHalf::kPrivate;
  if (found == objects_->keys.end() ||
      !(is_private ? found->second.private_file : found->second.public_file))
    throw ObjectNotFound("the key is no longer on the token");
  const KeyFiles& pair = found->second;
  if (!is_private) return out_.remove(*pair.public_file, pair.public_key());
  out_.remove(*pair.private_file, pair.private_key());
  const auto number = container_of(ref);
  auto map = file_cache_->container_map();
  if (!number || !map || map->free(*number)) return;
  map->clear(*number);
  out_.write_container_map(*map);
}

void Writer::delete_certificate(const ObjectRef& ref) {
  out_.remove(path_of(objects_->certificates, ref, "certificate"), std::nullopt);
}

void Writer::delete_data(const ObjectRef& ref) {
  out_.remove(path_of(objects_->data, ref, "data object"), std::nullopt);
}

}  // namespace kilt::jacarta
