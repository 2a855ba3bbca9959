#include "drivers/jacarta/store.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "drivers/errors.h"
#include "drivers/jacarta/rsa_key.h"
#include "drivers/pkcs15/encode.h"
#include "drivers/pkcs15/key_id.h"
#include "drivers/x509.h"

namespace kilt::jacarta {
namespace {

constexpr std::size_t kKeyIdSize = 20;

std::string numbered(const char* name, unsigned number) {
  return fmt::format("{}{:02}", name, number);
}

}  // namespace

/// The public half was finished, the private one not (or has lost its key already): of one pair, as
/// id and the counters' value show.
bool Store::is_half_of_interrupted_pair(const Places& places) const {
  const StoredFile* first = catalog_->find(places.private_file);
  const StoredFile* second = catalog_->find(places.public_file);
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
Store::Places Store::free_places() {
  const std::array directories{kPublicDirectory, kPrivateDirectory};
  std::set<FilePath> objects;
  for (const FilePath& directory : directories)
    for (const ListEntry& entry : files_->children(directory, FileType::kKeyObject).entries)
      objects.insert(in_directory(directory, entry.id));
  const auto map = catalog_->container_map();
  for (unsigned number = 0; number < kMaxKeys; ++number) {
    const auto at = [&](FileId first) { return static_cast<FileId>(first + number); };
    const Places places{number, in_directory(kPrivateDirectory, at(kPrivateKeyFiles)),
                        in_directory(kPrivateDirectory, at(kPrivateKeys)),
                        in_directory(kPublicDirectory, at(kPublicKeyFiles)),
                        in_directory(kPublicDirectory, at(kPublicKeys))};
    const auto left_behind = [&](const FilePath& path) {
      const StoredFile* file = catalog_->find(path);
      return file != nullptr && file->state == StoredFile::State::kUnfinished;
    };
    const bool half_pair = is_half_of_interrupted_pair(places);
    const bool leftover = left_behind(places.private_file) || left_behind(places.public_file);
    bool taken = map && !map->free(number) && !half_pair;
    for (const FilePath& directory : directories) {
      for (const FileId first : {kPrivateKeyFiles, kPublicKeyFiles}) {
        const FilePath path = in_directory(directory, at(first));
        const bool ours = left_behind(path) || (half_pair && path == places.public_file);
        taken |= catalog_->find(path) != nullptr && !ours;
      }
      taken |= catalog_->find(in_directory(directory, at(kKeyCertificateFiles))) != nullptr;
      for (const FileId first : {kPrivateKeys, kPublicKeys})
        taken |= objects.contains(in_directory(directory, at(first))) && !leftover;
    }
    if (taken) continue;
    if (leftover) sweep(places);
    return places;
  }
  throw TokenFull("the token has no room for another key");
}

/// Takes away what an interrupted making or deleting left.
void Store::sweep(const Places& places) {
  for (const FilePath& path :
       {places.private_key, places.public_key, places.private_file, places.public_file}) {
    files_->remove(path);
    catalog_->changed(path);
  }
}

/// What this operation has made is taken back; the card is still there.
void Store::undo() noexcept {
  try {
    while (!made_.empty()) {
      files_->remove(made_.back());
      made_.pop_back();
    }
  } catch (const std::exception&) {
    made_.clear();  // what stays has state 01 and is cleared away later
  }
}

ObjectRef Store::generate_key(const KeySpec& spec) {
  check_key_spec(spec);
  return make_key(spec, spec.bits, true,
                  [&](const FilePath& path) { return generate_in(*files_, path, spec.bits); });
}

ObjectRef Store::import_key(const KeySpec& spec, const RsaPrivateKey& key) {
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
ObjectRef Store::make_key(const KeySpec& spec, unsigned bits, bool local, Fill fill) {
  KeyNames names{spec.label, spec.id, spec.usage, local};
  if (names.id.empty()) names.id = Bytes(kKeyIdSize, 0x00);  // its length is known already
  const RsaPublicKey placeholder{Bytes(bits / 8, 0xFF), Bytes{0x01, 0x00, 0x01}};
  const Places places = free_places();
  try {
    raise();
    begin_file(places.private_file,
               private_key_file(places.private_file.back(), names).encode().size(),
               numbered("kxs", places.number), object_rules());
    begin_file(places.public_file,
               public_key_file(places.public_file.back(), names, placeholder).encode().size(), {},
               object_rules());
    create_private_key(*files_, places.private_key, bits);
    made_.push_back(places.private_key);
    const RsaPublicKey key = fill(places.private_key);
    if (spec.id.empty()) names.id = pkcs15::key_id(key);
    return write_key_files(places, names, key);
  } catch (const CardRemoved&) {
    throw;
  } catch (const CardReset&) {
    throw;
  } catch (const Error&) {
    undo();
    throw;
  }
}

ObjectRef Store::write_key_files(const Places& places, KeyNames names, const RsaPublicKey& key) {
  AttributeFile private_half = private_key_file(places.private_file.back(), names);
  private_half.stamp = counters_.stamp();
  fill_file(places.private_file, private_half);
  raise();
  create_public_key(*files_, places.public_key, key);
  made_.push_back(places.public_key);
  AttributeFile public_half = public_key_file(places.public_file.back(), names, key);
  public_half.stamp = counters_.stamp();
  fill_file(places.public_file, public_half);
  commit_file(places.public_file);
  commit_file(places.private_file);
  if (auto map = catalog_->container_map()) {
    map->set(places.number, names.id, modulus_bits(key.modulus));
    write_container_map(*map);
  }
  return make_ref(places.private_file, private_half);
}

/// The key a certificate is for: by its id, or by the key inside where it was given none.
const Key* Store::key_for(const Bytes& id, BytesView der) const {
  const auto& keys = objects_->list.keys;
  const Bytes bits = id.empty() ? x509::public_key_bits(der) : Bytes{};
  const auto found = std::ranges::find_if(keys, [&](const Key& key) {
    if (!key.has_private) return false;
    if (!id.empty()) return key.id == id;
    const auto* rsa = std::get_if<RsaPublicKey>(&key.public_key);
    return rsa != nullptr && equal(pkcs15::encode_public_key(*rsa), bits);
  });
  return found == keys.end() ? nullptr : &*found;
}

std::optional<unsigned> Store::container_of(const ObjectRef& key) const {
  const auto places = objects_->keys.find(key);
  if (places == objects_->keys.end() || !places->second.private_file) return std::nullopt;
  const FileId file = places->second.private_file->back();
  if (!has_container(file)) return std::nullopt;
  return file & 0xFFU;
}

std::optional<FilePath> Store::certificate_place(const Key& key) {
  const auto number = container_of(key.ref);
  if (!number) return std::nullopt;
  const auto id = static_cast<FileId>(kKeyCertificateFiles + *number);
  if (catalog_->find(in_directory(kPrivateDirectory, id)) != nullptr) return std::nullopt;
  FilePath path = in_directory(kPublicDirectory, id);
  if (!is_free(path)) return std::nullopt;
  return path;
}

ObjectRef Store::write_certificate(const Certificate& certificate, BytesView der) {
  Certificate named = certificate;
  const Key* key = key_for(certificate.id, der);
  if (key != nullptr) named.id = key->id;
  std::optional<FilePath> place;
  if (key != nullptr && !certificate.is_private) place = certificate_place(*key);
  const bool with_key = place.has_value();
  if (!place)
    place = free_file(certificate.is_private ? kPrivateDirectory : kPublicDirectory,
                      kOtherCertificateFiles, kMaxOthers);
  AttributeFile object = certificate_file(place->back(), named, der);
  raise();
  object.stamp = counters_.stamp();
  const unsigned number = place->back() & 0xFFU;
  add_file(*place, object, with_key ? numbered("kxc", number) : std::string(),
           certificate.is_private ? private_value_rules() : object_rules());
  auto map = catalog_->container_map();
  if (with_key && map && map->set_default(number)) write_container_map(*map);
  return make_ref(*place, object);
}

ObjectRef Store::write_data(const DataObject& data, BytesView value) {
  const FilePath path =
      free_file(data.is_private ? kPrivateDirectory : kPublicDirectory, kDataFiles, kMaxOthers);
  AttributeFile object = data_file(path.back(), data, value);
  raise();
  object.stamp = counters_.stamp();
  add_file(path, object, {}, data.is_private ? private_value_rules() : public_data_rules());
  return make_ref(path, object);
}

void Store::change_key(const ObjectRef& ref, const ObjectChange& change) {
  const auto places = objects_->keys.find(ref);
  if (places == objects_->keys.end()) throw ObjectNotFound("the key is no longer on the token");
  const auto& [private_file, public_file] = places->second;
  const Bytes old_id = stored(private_file ? *private_file : *public_file).value(attribute::kId);
  if (public_file) change_file(*public_file, change);
  if (private_file) change_file(*private_file, change);
  if (!change.id || *change.id == old_id) return;
  ObjectChange id_only;
  id_only.id = change.id;
  for (const Certificate& certificate : objects_->list.certificates)
    if (!old_id.empty() && certificate.id == old_id)
      change_file(objects_->certificates.at(certificate.ref), id_only);
  const auto number = container_of(ref);
  auto map = catalog_->container_map();
  if (!number || !map || map->free(*number)) return;
  map->rename(*number, *change.id);
  write_container_map(*map);
}

void Store::change_certificate(const ObjectRef& ref, const ObjectChange& change) {
  const auto place = objects_->certificates.find(ref);
  if (place == objects_->certificates.end())
    throw ObjectNotFound("the certificate is no longer on the token");
  change_file(place->second, change);
}

void Store::change_data(const ObjectRef& ref, const ObjectChange& change) {
  const auto place = objects_->data.find(ref);
  if (place == objects_->data.end())
    throw ObjectNotFound("the data object is no longer on the token");
  ObjectChange label_only;
  label_only.label = change.label;
  change_file(place->second, label_only);
}

void Store::delete_key(const ObjectRef& ref) {
  const auto found = objects_->keys.find(ref);
  if (found == objects_->keys.end()) throw ObjectNotFound("the key is no longer on the token");
  const KeyPlaces& places = found->second;
  if (places.private_file) delete_file(*places.private_file, places.private_key());
  if (places.public_file) delete_file(*places.public_file, places.public_key());
  const auto number = container_of(ref);
  auto map = catalog_->container_map();
  if (!number || !map || map->free(*number)) return;
  map->clear(*number);
  write_container_map(*map);
}

void Store::delete_certificate(const ObjectRef& ref) {
  const auto place = objects_->certificates.find(ref);
  if (place == objects_->certificates.end())
    throw ObjectNotFound("the certificate is no longer on the token");
  delete_file(place->second, std::nullopt);
}

void Store::delete_data(const ObjectRef& ref) {
  const auto place = objects_->data.find(ref);
  if (place == objects_->data.end())
    throw ObjectNotFound("the data object is no longer on the token");
  delete_file(place->second, std::nullopt);
}

}  // namespace kilt::jacarta
