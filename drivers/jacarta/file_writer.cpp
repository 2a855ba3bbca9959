#include "drivers/jacarta/file_writer.h"

namespace kilt::jacarta {

void FileWriter::undo() noexcept {
  try {
    while (!made_.empty()) {
      files_->remove(made_.back());
      made_.pop_back();
    }
  } catch (const std::exception&) {
    made_.clear();  // what stays has state 01 and is cleared away later
  }
}

void FileWriter::raise() {
  counters_ = raise_counters(*files_, counters_);
  file_cache_->own_change(counters_);
}

void FileWriter::begin(const FilePath& path, std::size_t size, const std::string& name,
                       std::vector<AccessRule> rules) {
  if (size > Files::kMaxFile) throw TokenFull("an object on this token has at most 32 KB");
  NewFile file;
  file.path = path;
  file.size = size;
  file.name = name;
  file.rules = std::move(rules);
  files_->create(file);
  made_.push_back(path);
  file_cache_->changed(path);
  files_->select(path);
  files_->update(0, Bytes{AttributeFile::kStateUnfinished});
}

// Everything but the state; the file is selected afterwards.
void FileWriter::fill(const FilePath& path, AttributeFile object) {
  object.stamp = path.back() == kContainerMapFile ? std::array<Byte, 4>{} : object.stamp;
  const Bytes contents = object.encode();
  files_->select(path);
  files_->update(1, BytesView(contents).subspan(1));
}

void FileWriter::commit(const FilePath& path) {
  files_->select(path);
  files_->update(0, Bytes{AttributeFile::kStateValid});
}

void FileWriter::add(const FilePath& path, const AttributeFile& object, const std::string& name,
                     std::vector<AccessRule> rules) {
  undoing([&] {
    begin(path, object.encode().size(), name, std::move(rules));
    fill(path, object);
    commit(path);
  });
}

ObjectRef FileWriter::add_object(const FilePath& path, AttributeFile object,
                                 const std::string& name, std::vector<AccessRule> rules) {
  raise();
  object.stamp = stamp();
  add(path, object, name, std::move(rules));
  return make_ref(path, object);
}

void FileWriter::replace(const FilePath& path, const AttributeFile& object) {
  const Bytes contents = object.encode();
  if (contents.size() > Files::kMaxFile)
    throw TokenFull("an object on this token has at most 32 KB");
  file_cache_->changed(path);
  files_->select(path);
  if (files_->reallocate(contents)) return;
  // A card without that command: the file is made anew, under the same rules.
  const Fcp old = files_->fcp(path);
  files_->remove(path);
  begin(path, contents.size(), old.name, old.rules);
  files_->update(1, BytesView(contents).subspan(1));
  commit(path);
}

void FileWriter::remove(const FilePath& path, const std::optional<FilePath>& key_object) {
  raise();
  file_cache_->changed(path);
  files_->select(path);
  files_->update(0, Bytes{AttributeFile::kStateUnfinished});
  if (key_object) files_->remove(*key_object);
  files_->remove(path);
}

AttributeFile FileWriter::stored(const FilePath& path) const {
  const StoredFile* file = file_cache_->find(path);
  if (file == nullptr || file->state != StoredFile::State::kGood)
    throw ObjectNotFound("the object is no longer on the token");
  return file->object;
}

void FileWriter::change(const FilePath& path, const ObjectChange& change) {
  AttributeFile object = stored(path);
  if (change.label) object.replace(attribute::kLabel, to_bytes(*change.label));
  if (change.id) object.replace(attribute::kId, *change.id);
  if (change.subject)
    object.replace(attribute::kSubject,
                   change.subject->empty() ? default_subject() : *change.subject);
  raise();
  replace(path, object);
}

bool FileWriter::is_free(const FilePath& path) {
  const StoredFile* file = file_cache_->find(path);
  if (file == nullptr) return true;
  if (file->state != StoredFile::State::kUnfinished) return false;
  files_->remove(path);
  file_cache_->changed(path);
  return true;
}

FilePath FileWriter::free_path(const FilePath& directory, FileId first, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    FilePath path = in_directory(directory, static_cast<FileId>(first + i));
    if (is_free(path)) return path;
  }
  throw TokenFull("the token has no room for another object of this kind");
}

// The record numbers are those of keys: whoever reads the map wants to find each key it names.
void FileWriter::write_container_map(const ContainerMap& map) {
  const FilePath path = in_directory(kPublicDirectory, kContainerMapFile);
  AttributeFile object = container_map_file(map);
  if (file_cache_->find(path) == nullptr) {
    add(path, object, "cmapfile", container_map_rules());
    return;
  }
  object = stored(path);  // label and reserved room stay as they are
  object.replace(attribute::kValue, map.encode());
  replace(path, object);
}

}  // namespace kilt::jacarta
