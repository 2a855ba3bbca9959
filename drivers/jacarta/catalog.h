// All object files of a token as they were last read, and when they must be read again: one look at
// the change counters tells (public notes on the applet, section 9.2).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "drivers/cache.h"
#include "drivers/jacarta/attribute_file.h"
#include "drivers/jacarta/container_map.h"
#include "drivers/jacarta/object_files.h"
#include "drivers/jacarta/token_info.h"
#include "drivers/objects.h"

namespace kilt::jacarta {

struct StoredFile {
  enum class State {
    kGood,
    kUnfinished,  ///< somebody's making or deleting of it was interrupted
    kDamaged,     ///< does not parse, or its hash is wrong
    kLocked,      ///< may not be read now
  };
  State state = State::kLocked;
  std::string name;
  AttributeFile object;
  std::string fault;  ///< what is wrong with a damaged one
  Bytes open_bytes;   ///< as it was read, if everybody may read it
};

/// By path.
using StoredFiles = std::map<FilePath, StoredFile>;

/// Where open files are remembered beyond this program's life, by the counters they go with.
struct CatalogMemory {
  std::function<cache::Files(const ChangeCounters&)> load;
  std::function<void(const ChangeCounters&, const cache::Files&)> store;
};

class Catalog {
 public:
  Catalog(FileSystem& files, CatalogMemory memory) : files_(&files), memory_(std::move(memory)) {}

  /// Reads what may have changed: nothing but the counters if these are the same. True if the
  /// stored files are not what they were.
  bool refresh(bool user_logged_in);
  /// Nothing that was read holds any longer.
  void forget() noexcept;
  /// Private objects of a user who has logged out do not stay in memory.
  void drop_private();

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
  void keep_news();

  FileSystem* files_;
  CatalogMemory memory_;
  cache::Files remembered_;  ///< what the memory holds
  std::optional<ChangeCounters> remembered_for_;
  StoredFiles stored_;
  std::optional<ChangeCounters> counters_;
  std::size_t bytes_read_ = 0;
  bool locked_ = false;  ///< something could not be read without login
  bool changed_ = true;  ///< directories must be listed again
};

}  // namespace kilt::jacarta
