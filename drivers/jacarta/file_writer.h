// Writing one object file at a time.
//
// Order against power loss: the counters first (other programs' caches are stale from then on), a
// new file with state 01, its key object, the contents, at last the state 00.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "drivers/errors.h"
#include "drivers/jacarta/file_cache.h"
#include "drivers/jacarta/objects.h"
#include "drivers/jacarta/templates.h"

namespace kilt::jacarta {

/// Lives for one operation, inside one transaction, on a fresh cache. Every method throws
/// NotLoggedIn, TokenFull, WriteProtected (the token was never set up) besides what it says.
class FileWriter {
 public:
  FileWriter(Files& files, FileCache& file_cache)
      : files_(&files), file_cache_(&file_cache), counters_(file_cache.counters()) {}

  /// Goes before the change of each object.
  void raise();
  /// Of an object that is written now.
  [[nodiscard]] std::array<Byte, 4> stamp() const noexcept { return counters_.stamp(); }

  /// A file of its own, with the state "unfinished".
  void begin(const FilePath& path, std::size_t size, const std::string& name,
             std::vector<AccessRule> rules);
  /// Everything but the state; the file is selected afterwards.
  void fill(const FilePath& path, AttributeFile object);
  void commit(const FilePath& path);
  /// The three in one.
  void add(const FilePath& path, const AttributeFile& object, const std::string& name,
           std::vector<AccessRule> rules);
  /// Raises the counters first.
  ObjectRef add_object(const FilePath& path, AttributeFile object, const std::string& name,
                       std::vector<AccessRule> rules);
  /// Raises the counters first. Throws ObjectNotFound.
  void change(const FilePath& path, const ObjectChange& change);
  /// Raises the counters first. With the key object, if it has one.
  void remove(const FilePath& path, const std::optional<FilePath>& key_object);
  void write_container_map(const ContainerMap& map);

  /// A good object file, as it was read. Throws ObjectNotFound.
  [[nodiscard]] AttributeFile stored(const FilePath& path) const;
  /// Nothing is there, or only what an interruption left, which is taken away.
  [[nodiscard]] bool is_free(const FilePath& path);
  [[nodiscard]] FilePath free_path(const FilePath& directory, FileId first, unsigned count);

  /// Something besides these files was made: undone with them.
  void made(const FilePath& path) { made_.push_back(path); }
  /// Does `work`; where the card refuses a part of it, what was made is taken back. (A card that
  /// was removed or reset is left as it is: what lies there has state 01 and is cleared later.)
  template <typename Work>
  auto undoing(Work work) {
    try {
      return work();
    } catch (const CardRemoved&) {
      throw;
    } catch (const CardReset&) {
      throw;
    } catch (const Error&) {
      undo();
      throw;
    }
  }

 private:
  void replace(const FilePath& path, const AttributeFile& object);
  void undo() noexcept;

  Files* files_;
  FileCache* file_cache_;
  ChangeCounters counters_;
  std::vector<FilePath> made_;  ///< by this operation, in this order
};

}  // namespace kilt::jacarta
