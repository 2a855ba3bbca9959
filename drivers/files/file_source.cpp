#include "drivers/files/file_source.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>

#include "drivers/files/disk_file.h"
#include "drivers/files/file_location.h"
#include "drivers/files/file_name.h"
#include "drivers/files/file_token.h"

namespace kilt::files {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFiles = 2000;

/// One reader name of this source and what it stands for, for the life of the process.
struct Reader {
  std::shared_ptr<FileLocation> location;
  bool present = false;
  std::uint64_t events = 0;
  /// The file as it was when no token came of it: another one is read again.
  std::optional<Stamp> refused;
};

class FileSource : public PolledSource {
 public:
  explicit FileSource(std::vector<fs::path> locations) : locations_(std::move(locations)) {}

  std::vector<apdu::ReaderState> readers() override {
    const std::lock_guard lock(mutex_);
    std::map<std::string, bool> seen;
    for (const fs::path& place : locations_) look_at(place, seen);
    std::vector<apdu::ReaderState> states;
    for (auto& [name, reader] : readers_) {
      const bool present = seen.contains(name);
      if (present != reader.present || has_changed(reader)) ++reader.events;
      reader.present = present;
      apdu::ReaderState state;
      state.name = name;
      state.card_present = present;
      state.event_count = reader.events;
      states.push_back(std::move(state));
    }
    return states;
  }

  std::unique_ptr<OpenedToken> open(const std::string& reader) override {
    std::shared_ptr<FileLocation> location;
    {
      const std::lock_guard lock(mutex_);
      const auto found = readers_.find(reader);
      if (found == readers_.end()) throw CardRemoved("there is no such file");
      location = found->second.location;
    }
    try {
      return open_file_token(location);
    } catch (const TokenNotRecognized&) {
      const std::lock_guard lock(mutex_);
      if (const auto file = location->file()) readers_.at(reader).refused = stamp_of(*file);
      throw;
    }
  }
  [[nodiscard]] bool hardware() const noexcept override { return false; }
  void abandon() noexcept override {}

 private:
  static bool has_changed(Reader& reader) {
    const auto file = reader.location->file();
    if (!reader.refused || !file || stamp_of(*file) == reader.refused) return false;
    reader.refused.reset();
    return true;
  }

  /// Files of one configured place. A name stays one file's.
  void look_at(const fs::path& place, std::map<std::string, bool>& seen) {
    std::error_code error;
    if (is_key_file(place) && !fs::is_directory(place, error)) {
      if (stamp_of(place)) note(place, seen);
      return;
    }
    std::vector<fs::path> found;
    for (fs::directory_iterator at(place, error), end; !error && at != end; at.increment(error)) {
      if (!is_key_file(at->path()) || !stamp_of(at->path())) continue;
      found.push_back(at->path());
      if (found.size() >= kMaxFiles) break;
    }
    std::ranges::sort(found);
    for (const fs::path& file : found) note(file, seen);
    if (fs::is_directory(place, error)) note_free(place, seen);
  }

  void note(const fs::path& file, std::map<std::string, bool>& seen) {
    // A file that was made in a free place stays under that place's name.
    for (const std::string& free : free_)
      if (readers_.at(free).location->file() == file) {
        seen.emplace(free, true);
        return;
      }
    const std::string name = file.string();
    readers_.try_emplace(name, Reader{std::make_shared<FileLocation>(file), false, 0, {}});
    seen.emplace(name, true);
  }

  void note_free(const fs::path& folder, std::map<std::string, bool>& seen) {
    unsigned number = 1;
    while (true) {
      const std::string name =
          (folder / "").string() + (number == 1 ? "+" : "+" + std::to_string(number));
      const auto [at, added] = readers_.try_emplace(
          name, Reader{std::make_shared<FileLocation>(FileLocation::Free{folder}), false, 0, {}});
      if (added) free_.push_back(name);
      if (!at->second.location->file()) {
        seen.emplace(name, true);
        return;
      }
      ++number;
    }
  }

  std::mutex mutex_;
  std::vector<fs::path> locations_;
  std::map<std::string, Reader> readers_;
  std::vector<std::string> free_;  ///< names of the folders' free places, taken ones too
};

}  // namespace

std::unique_ptr<TokenSource> make_file_source(std::vector<fs::path> locations) {
  return std::make_unique<FileSource>(std::move(locations));
}

}  // namespace kilt::files
