// The file tree of an ISO 7816 card: SELECT, READ BINARY, UPDATE BINARY.
#pragma once

#include <functional>
#include <memory>

#include "tests/virtual/iso7816/apdu.h"

namespace kilt::vtoken::iso {

enum class Rule { kAlways, kPin, kNever };

struct File {
  std::uint16_t id = 0;
  bool directory = false;
  Bytes name;            ///< DF name (AID)
  std::uint8_t sfi = 0;  ///< short identifier; 0: none
  Bytes body;
  Rule read = Rule::kAlways, update = Rule::kNever;
  File* parent = nullptr;
  std::vector<std::unique_ptr<File>> children;

  /// The child with that identifier, or null.
  [[nodiscard]] File* child(std::uint16_t wanted) const;
  File& add_directory(std::uint16_t identifier, Bytes df_name = {});
  File& add_file(std::uint16_t identifier, Bytes contents, Rule write = Rule::kNever);

  [[nodiscard]] nlohmann::json save() const;
  void load(const nlohmann::json& state);
};

class FileSystem {
 public:
  FileSystem();
  /// The master file is selected.
  void power_up();
  /// An empty master file.
  void clear();
  /// IAS-ECC's way: control information shows the rules too (A1, 8C; the PIN's security
  /// environment is number 1), a path may begin with the master file.
  void speak_ias() noexcept { ias_ = true; }

  [[nodiscard]] File& master() noexcept { return *master_; }
  [[nodiscard]] File& current_directory() noexcept { return *directory_; }
  [[nodiscard]] const File* current_file() const noexcept { return file_; }
  /// By identifiers from the master file; null if there is none.
  [[nodiscard]] File* walk(const std::vector<std::uint16_t>& path);
  /// By DF name, the whole of it or its beginning; null if there is none.
  [[nodiscard]] File* named(const Bytes& name);
  void enter(File& file);

  /// SELECT: by identifier, child, parent, name, path from the master file or the current
  /// directory; P2 00 and 04 answer control information (6F), 0C nothing.
  Answer select(const Command& command);
  /// `pin`: the PIN of the files' rules is verified. `strict`: an Le beyond the end is 6Cxx.
  Answer read_binary(const Command& command, bool pin, bool strict);
  /// `about_to_write` is called before the change.
  Answer update_binary(const Command& command, bool pin,
                       const std::function<void()>& about_to_write);

  [[nodiscard]] nlohmann::json save() const { return master_->save(); }
  void load(const nlohmann::json& state);

 private:
  [[nodiscard]] File* find(const Command& command);
  [[nodiscard]] Bytes control_information(const File& file) const;
  [[nodiscard]] File* follow(File* from, const Bytes& path) const;

  std::unique_ptr<File> master_;
  File* directory_ = nullptr;
  File* file_ = nullptr;
  bool ias_ = false;
};

}  // namespace kilt::vtoken::iso
