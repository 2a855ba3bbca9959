// All object files of a token as they were last read; the change counters show when they must be
// read again (sheet, section 9.2).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "drivers/cache.h"
#include "drivers/jacarta/attribute_file.h"
#include "drivers/jacarta/container_map.h"
#include "drivers/jacarta/layout.h"
#include "drivers/jacarta/token_info.h"
#include "drivers/objects.h"

namespace kilt::jacarta {

struct StoredFile {
  enum class State {
    kGood,
    kUnfinished,  ///< its making or deleting was interrupted
    kDamaged,     ///< does not parse, or its hash is wrong
    kLocked,      ///< may not be read now
  };
  State state = State::kLocked;
  bool refused = false;  ///< kLocked although the user was logged in
  std::string name;
  AttributeFile object;
  std::string fault;  ///< what is wrong with a damaged one
  Bytes open_bytes;   ///< as it was read, if everybody may read it
};

/// By path.
using StoredFiles = std::map<FilePath, StoredFile>;

/// Where open files are remembered beyond this program's life, by the counters they go with.
struct FileCacheStorage {
  std::function<cache::Files(const ChangeCounters&)> load;
  std::function<void(const ChangeCounters&, const cache::Files&)> store;
};

class FileCache {
 public:
  FileCache(Files& files, FileCacheStorage memory) : files_(&files), memory_(std::move(memory)) {}

  /// Reads what may have changed: nothing but the counters if these are the same. True if the
  /// stored files are not what they were.
  bool refresh(bool user_logged_in);
  /// Nothing that was read holds any longer.
  void forget() noexcept;
  /// Private objects of a user who has logged out do not stay in memory.
  void drop_private();
  /// What was refused even after a login is tried again after a new login.
  void logged_in();
  /// Directories that could not be listed, each with the reason.
  [[nodiscard]] const std::vector<std::string>& faults() const noexcept { return faults_; }

  /// Changes when the counters did, or are not there.
  [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }
  [[nodiscard]] const StoredFiles& stored() const noexcept { return stored_; }
  [[nodiscard]] const StoredFile* find(const FilePath& path) const;
  /// The container map; nothing if there is none, or a damaged one.
  [[nodiscard]] std::optional<ContainerMap> container_map() const;

  /// For writers. The counters as refresh() found them. Throws WriteProtected on a token that has
  /// none.
  [[nodiscard]] ChangeCounters counters() const;
  /// This program raised the counters itself: what it read holds, but for what it says changed.
  void own_change(ChangeCounters now) noexcept { counters_ = now; }
  void changed(const FilePath& path);

 private:
  bool read_directory(const FilePath& directory, bool user_logged_in, StoredFiles& fresh);
  void complete_listing(const FilePath& directory, Listing& listing);
  StoredFile read_file(const FilePath& path, bool user_logged_in);
  Bytes read_bytes(const FilePath& path);
  void save();

  Files* files_;
  FileCacheStorage memory_;
  cache::Files remembered_;  ///< what the memory holds
  std::optional<ChangeCounters> remembered_for_;
  StoredFiles stored_;
  std::optional<ChangeCounters> counters_;
  std::uint64_t changes_ = 0;
  std::vector<std::string> faults_;
  std::size_t bytes_read_ = 0;
  bool locked_ = false;  ///< something could not be read without login
  bool changed_ = true;  ///< directories must be listed again
};

}  // namespace kilt::jacarta
