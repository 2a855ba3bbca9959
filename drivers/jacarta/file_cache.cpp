#include "drivers/jacarta/file_cache.h"

#include <algorithm>
#include <set>
#include <utility>

#include "drivers/errors.h"

namespace kilt::jacarta {
namespace {

/// Of one listing, bytes: several times the memory of such a card.
constexpr std::size_t kMaxRead = 256UL * 1024;

/// Every number the applet's software is known to use; tried one by one where a listing was
/// cut.
std::vector<FileId> known_numbers() {
  std::vector<FileId> numbers{kContainerMapFile};
  const auto range = [&](FileId first, unsigned count) {
    for (unsigned i = 0; i < count; ++i) numbers.push_back(static_cast<FileId>(first + i));
  };
  range(kPublicKeyFiles, kMaxKeys);
  range(kPrivateKeyFiles, kMaxKeys);
  range(0x0240, kMaxKeys);
  range(0x0340, kMaxKeys);
  range(kKeyCertificateFiles, kMaxKeys);
  range(kOtherCertificateFiles, kMaxOthers);
  range(kDataFiles, kMaxOthers);
  return numbers;
}

/// The power went between the making of the file and the writing of its contents: its state says
/// so, or it is still as the card fills new files.
bool never_written(const Bytes& file) {
  if (file.empty()) return true;
  if (file[0] == AttributeFile::kStateUnfinished) return true;
  return (file[0] == 0x00 || file[0] == 0xFF) &&
         std::ranges::all_of(file, [&](Byte byte) { return byte == file[0]; });
}

/// Throws MalformedAnswer.
AttributeFile parse_object(FileId id, const Bytes& bytes) {
  if (AttributeFile::announced_size(bytes).value_or(0) > Files::kMaxFile)
    throw MalformedAnswer("it is longer than can be read");
  AttributeFile object = AttributeFile::parse(bytes);
  if (object.id != id) throw MalformedAnswer("it has another object's number");
  // Data objects may lack the hash (all zero).
  const FileKind kind = file_kind(id);
  const bool may_be_zero = kind == FileKind::kData || kind == FileKind::kContainerMap;
  if (!AttributeFile::hash_is_right(bytes, may_be_zero)) throw MalformedAnswer("its hash is wrong");
  return object;
}

/// A file's name in the memory on disk.
Bytes name_of(const FilePath& path) {
  Bytes name;
  for (const FileId id : path) append(name, write_be(id, 2));
  return name;
}

}  // namespace

void FileCache::forget() noexcept {
  stored_.clear();
  remembered_.clear();
  counters_.reset();
  changed_ = true;
}

void FileCache::drop_private() {
  for (auto& [path, file] : stored_)
    if (file.state == StoredFile::State::kGood && file.object.flag(attribute::kPrivate) &&
        file_kind(path.back()) == FileKind::kData) {
      file = StoredFile{StoredFile::State::kLocked, false, file.name, {}, {}, {}};
      locked_ = changed_ = true;
    }
}

void FileCache::logged_in() {
  for (auto& [path, file] : stored_)
    if (std::exchange(file.refused, false)) locked_ = true;
}

const StoredFile* FileCache::find(const FilePath& path) const {
  const auto found = stored_.find(path);
  return found == stored_.end() ? nullptr : &found->second;
}

std::optional<ContainerMap> FileCache::container_map() const {
  const StoredFile* file = find(in_directory(kPublicDirectory, kContainerMapFile));
  if (file == nullptr || file->state != StoredFile::State::kGood) return std::nullopt;
  return ContainerMap::parse(file->object.value(attribute::kValue));
}

ChangeCounters FileCache::counters() const {
  if (!counters_)
    throw WriteProtected("the token has no change counters: it has to be formatted first");
  return *counters_;
}

void FileCache::changed(const FilePath& path) {
  stored_.erase(path);
  remembered_.erase(name_of(path));
  changed_ = true;
}

bool FileCache::refresh(bool user_logged_in) {
  std::optional<ChangeCounters> now;
  try {
    now = read_counters(*files_);
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    now.reset();  // the token was never set up, or they are damaged: nothing proves that it stays
  }
  const bool same = counters_.has_value() && now == counters_;
  if (same && !changed_ && !(locked_ && user_logged_in)) return false;
  if (!same) ++changes_;
  if (!same) stored_.clear();
  if (!same) remembered_.clear();
  if (now && !same) {
    remembered_ = memory_.load(*now);
    remembered_for_ = now;
  }
  locked_ = false;
  bytes_read_ = 0;
  faults_.clear();
  StoredFiles fresh;
  for (const FilePath& directory : {kPublicDirectory, kPrivateDirectory})
    if (!read_directory(directory, user_logged_in, fresh)) locked_ = true;
  stored_ = std::move(fresh);
  counters_ = now;
  changed_ = false;
  save();
  return true;
}

void FileCache::save() {
  if (!counters_) return;
  cache::Files open;
  for (const auto& [path, file] : stored_) {
    // Somebody may be in the middle of a change, the counters raised already.
    if (file.state == StoredFile::State::kUnfinished) return;
    if (!file.open_bytes.empty()) open.emplace(name_of(path), file.open_bytes);
  }
  if (open == remembered_ && remembered_for_ == counters_) return;
  memory_.store(*counters_, open);
  remembered_ = std::move(open);
  remembered_for_ = counters_;
}

// False if something stays closed without login.
bool FileCache::read_directory(const FilePath& directory, bool user_logged_in, StoredFiles& fresh) {
  Listing listing;
  try {
    listing = files_->children(directory, FileType::kEf);
    if (!listing.complete) complete_listing(directory, listing);
  } catch (const ObjectNotFound&) {
    return true;
  } catch (const NotLoggedIn&) {
    return user_logged_in;
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    faults_.emplace_back(error.what());
    return true;
  }
  bool all_open = true;
  for (const ListEntry& entry : listing.entries) {
    if (file_kind(entry.id) == FileKind::kOther) continue;
    const FilePath path = in_directory(directory, entry.id);
    const auto known = stored_.find(path);
    const bool is_known = known != stored_.end();
    const bool opened = is_known && known->second.state == StoredFile::State::kLocked &&
                        user_logged_in && !known->second.refused;
    if (is_known && !opened) {
      fresh.emplace(path, std::move(known->second));
    } else {
      StoredFile file = read_file(path, user_logged_in);
      file.name = entry.name;
      fresh.emplace(path, std::move(file));
    }
    const StoredFile& now = fresh.at(path);
    if (now.state == StoredFile::State::kLocked && !now.refused) all_open = false;
  }
  return all_open;
}

void FileCache::complete_listing(const FilePath& directory, Listing& listing) {
  std::set<FileId> seen;
  for (const ListEntry& entry : listing.entries) seen.insert(entry.id);
  for (const FileId id : known_numbers())
    if (!seen.contains(id) && files_->exists(in_directory(directory, id)))
      listing.entries.push_back({id, {}});
}

Bytes FileCache::read_bytes(const FilePath& path) {
  const auto known = remembered_.find(name_of(path));
  if (known != remembered_.end()) return known->second;
  if (bytes_read_ > kMaxRead) throw MalformedAnswer("the token claims more files than it can hold");
  Bytes bytes;
  files_->select(path);
  files_->read_on(bytes, 1);
  const std::size_t size = AttributeFile::announced_size(bytes).value_or(0);
  if (size <= Files::kMaxFile) files_->read_on(bytes, size);
  bytes_read_ += bytes.size();
  return bytes;
}

StoredFile FileCache::read_file(const FilePath& path, bool user_logged_in) {
  StoredFile file;
  Bytes bytes;
  try {
    bytes = read_bytes(path);
    file.object = parse_object(path.back(), bytes);
    file.state = file.object.state == AttributeFile::kStateValid ? StoredFile::State::kGood
                                                                 : StoredFile::State::kUnfinished;
    const bool open = !user_logged_in || !file.object.flag(attribute::kPrivate);
    if (open && file.state == StoredFile::State::kGood) file.open_bytes = std::move(bytes);
  } catch (const NotLoggedIn&) {
    file.state = StoredFile::State::kLocked;
    file.refused = user_logged_in;
  } catch (const MalformedAnswer& error) {
    file.state =
        never_written(bytes) ? StoredFile::State::kUnfinished : StoredFile::State::kDamaged;
    file.fault = error.what();
  } catch (const ObjectNotFound&) {
    file.state = StoredFile::State::kDamaged;
    file.fault = "it is listed, but not there";
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    file.state = StoredFile::State::kDamaged;
    file.fault = error.what();
  }
  return file;
}

}  // namespace kilt::jacarta
