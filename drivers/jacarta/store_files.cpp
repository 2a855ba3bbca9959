// Store, the lower half: one object file at a time.
#include "drivers/errors.h"
#include "drivers/jacarta/store.h"

namespace kilt::jacarta {

void Store::raise() {
  counters_ = raise_counters(*files_, counters_);
  catalog_->own_change(counters_);
}

void Store::begin_file(const FilePath& path, std::size_t size, const std::string& name,
                       std::vector<AccessRule> rules) {
  if (size > FileSystem::kMaxFile) throw TokenFull("an object on this token has at most 32 KB");
  NewFile file;
  file.path = path;
  file.size = size;
  file.name = name;
  file.rules = std::move(rules);
  files_->create(file);
  made_.push_back(path);
  catalog_->changed(path);
  files_->select(path);
  files_->update(0, Bytes{AttributeFile::kStateUnfinished});
}

// Everything but the state; the file is selected afterwards.
void Store::fill_file(const FilePath& path, AttributeFile object) {
  object.stamp = path.back() == kContainerMapFile ? std::array<Byte, 4>{} : object.stamp;
  const Bytes contents = object.encode();
  files_->select(path);
  files_->update(1, BytesView(contents).subspan(1));
}

void Store::commit_file(const FilePath& path) {
  files_->select(path);
  files_->update(0, Bytes{AttributeFile::kStateValid});
}

void Store::add_file(const FilePath& path, const AttributeFile& object, const std::string& name,
                     std::vector<AccessRule> rules) {
  try {
    begin_file(path, object.encode().size(), name, std::move(rules));
    fill_file(path, object);
    commit_file(path);
  } catch (const CardRemoved&) {
    throw;
  } catch (const CardReset&) {
    throw;
  } catch (const Error&) {
    undo();
    throw;
  }
}

void Store::rewrite_file(const FilePath& path, const AttributeFile& object) {
  replace_file(path, object.encode());
}

void Store::replace_file(const FilePath& path, const Bytes& contents) {
  if (contents.size() > FileSystem::kMaxFile)
    throw TokenFull("an object on this token has at most 32 KB");
  catalog_->changed(path);
  files_->select(path);
  if (files_->reallocate(contents)) return;
  // A card without that command: the file is made anew, under the same rules.
  const Fcp old = files_->fcp(path);
  files_->remove(path);
  begin_file(path, contents.size(), old.name, old.rules);
  files_->update(1, BytesView(contents).subspan(1));
  commit_file(path);
}

void Store::delete_file(const FilePath& path, const std::optional<FilePath>& key_object) {
  raise();
  catalog_->changed(path);
  files_->select(path);
  files_->update(0, Bytes{AttributeFile::kStateUnfinished});
  if (key_object) files_->remove(*key_object);
  files_->remove(path);
}

AttributeFile Store::stored(const FilePath& path) const {
  const StoredFile* file = catalog_->find(path);
  if (file == nullptr || file->state != StoredFile::State::kGood)
    throw ObjectNotFound("the object is no longer on the token");
  return file->object;
}

void Store::change_file(const FilePath& path, const ObjectChange& change) {
  AttributeFile object = stored(path);
  if (change.label) object.replace(attribute::kLabel, to_bytes(*change.label));
  if (change.id) object.replace(attribute::kId, *change.id);
  raise();
  rewrite_file(path, object);
}

/// Nothing is there, or only what an interruption left, which is taken away.
bool Store::is_free(const FilePath& path) {
  const StoredFile* file = catalog_->find(path);
  if (file == nullptr) return true;
  if (file->state != StoredFile::State::kUnfinished) return false;
  files_->remove(path);
  catalog_->changed(path);
  return true;
}

FilePath Store::free_file(const FilePath& directory, FileId first, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    FilePath path = in_directory(directory, static_cast<FileId>(first + i));
    if (is_free(path)) return path;
  }
  throw TokenFull("the token has no room for another object of this kind");
}

// The record numbers are those of keys: whoever reads the map wants to find each key it names.
void Store::write_container_map(const ContainerMap& map) {
  const FilePath path = in_directory(kPublicDirectory, kContainerMapFile);
  AttributeFile object = container_map_file(map);
  if (catalog_->find(path) == nullptr) {
    add_file(path, object, "cmapfile", container_map_rules());
    return;
  }
  object = stored(path);  // label and reserved room stay as they are
  object.replace(attribute::kValue, map.encode());
  rewrite_file(path, object);
}

}  // namespace kilt::jacarta
