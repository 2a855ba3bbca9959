// The Laser applet's file system: selection, reading, writing, making and deleting of files (sheet,
// sections 2 and 3).
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "apdu/card.h"
#include "drivers/jacarta/fcp.h"

namespace kilt::jacarta {

/// A file to be made in the directory that path names.
struct NewFile {
  FilePath path;
  FileType type = FileType::kEf;
  std::size_t size = 0;  ///< tag 80
  std::string name;      ///< tag 84 if not empty
  Bytes properties;      ///< tag 85 if not empty
  std::vector<AccessRule> rules;
  Bytes value;  ///< what follows the rules: a key object's value, encoded
};

/// 62 template of CREATE, in the order that the applet's own software keeps.
[[nodiscard]] Bytes encode_new_file(const NewFile& file);

/// `80 A4 08`: by path from the MF. `with_fcp` asks for the file's parameters.
[[nodiscard]] apdu::Command select_command(const FilePath& path, bool with_fcp);

class Files {
 public:
  explicit Files(apdu::Card& card) : card_(&card) {}

  /// Selects the applet: the login is lost with it. False if the card has none.
  bool select_applet();
  /// The card was reset: the applet is selected again before the next command.
  void forget() noexcept { applet_selected_ = false; }

  /// Throws ObjectNotFound, NotLoggedIn.
  void select(const FilePath& path);
  Fcp fcp(const FilePath& path);
  [[nodiscard]] bool exists(const FilePath& path);
  /// Files of a kind in a directory, the newest first.
  Listing children(const FilePath& directory, FileType type);

  /// Reads the selected EF on from where `contents` ends, until there are at least `limit` bytes or
  /// the file is at its end.
  void read_on(Bytes& contents, std::size_t limit);
  /// `length` bytes of the selected EF. Throws MalformedAnswer if there are fewer.
  Bytes read_at(std::size_t offset, std::size_t length);
  /// Writes into the selected EF.
  void update(std::size_t offset, BytesView data);
  /// Gives the selected EF a new size and new contents at one go (INS 32). False if the card does
  /// not know how, or does not let us.
  bool reallocate(BytesView contents);

  /// Throws TokenFull, Inconsistent if the id is taken.
  void create(const NewFile& file);
  /// Deletes what is there; true if there was something.
  bool remove(const FilePath& path, bool directory = false);

  /// Longest EF that can be read back: offsets have 15 bits.
  static constexpr std::size_t kMaxFile = 0x8000;

  [[nodiscard]] apdu::Card& card() noexcept { return *card_; }

 private:
  apdu::Response send_select(const FilePath& path, bool with_fcp);
  apdu::Response read_block(std::size_t offset, std::size_t length);

  apdu::Card* card_;
  bool applet_selected_ = false;
};

}  // namespace kilt::jacarta
