// Changes PKCS#15 directory files so that a power loss at any write leaves the old or the new
// state, and so that OpenSC sees the same objects.
#pragma once

#include <map>
#include <vector>

#include "drivers/pkcs15/entries.h"
#include "drivers/pkcs15/journal.h"

namespace kilt::pkcs15 {

/// Where things lie in an application's DF (file ids within it).
struct Layout {
  Bytes base;  ///< the DF as file ids from the MF on, e.g. 5000
  std::uint16_t odf = 0x5031, token_info = 0x5032;
  std::map<DirectoryKind, std::uint16_t> directories;
  std::size_t directory_size = 0x0800;
  std::uint16_t journal = 0x4B4C;

  /// Path of a file in the DF, 3F00 leading.
  [[nodiscard]] Bytes file(std::uint16_t id) const;
  /// What EF.ODF says of these directories, private keys first.
  [[nodiscard]] std::vector<OdfEntry> odf_entries() const;
};

class Editor {
 public:
  Editor(WritableFiles& files, const Layout& layout);

  /// Finishes what an earlier, interrupted change left. Needs the right to write.
  void recover();
  /// The encoded entries of a directory, to be changed freely; written by commit(). Throws
  /// WriteProtected if the directory is damaged: it is not touched then.
  std::vector<Bytes>& entries(DirectoryKind kind);
  /// Files about to be made: deleted at recovery unless a directory names `needed_by` by then.
  void announce(std::vector<JournalRecord::Orphan> orphans);
  /// Writes the changed directories, then deletes `unwanted`, then marks the change in TokenInfo.
  void commit(std::vector<JournalRecord::Orphan> unwanted = {});

 private:
  struct Directory {
    Bytes path;
    Bytes contents;  ///< as on the token, without padding
    std::size_t size = 0;
    bool exists = false;
    std::vector<Bytes> entries;
  };

  Directory& directory(DirectoryKind kind);
  Directory read(const Bytes& path);
  void create_missing(DirectoryKind kind, Directory& directory);
  std::vector<JournalRecord::Image> changes();
  [[nodiscard]] bool one_command(const std::vector<JournalRecord::Image>& images) const;
  void apply(const JournalRecord::Image& image);
  void carry_out(const JournalRecord& record);
  [[nodiscard]] bool named(BytesView path);
  void touch();

  WritableFiles* files_;
  Layout layout_;
  Journal journal_;
  bool announced_ = false;
  Directory odf_;
  std::map<DirectoryKind, Directory> directories_;
};

}  // namespace kilt::pkcs15
