// A small journal in an EF of Kilt's own, so that a power loss between two writes never leaves half
// an object: what has to be done is written first, made valid with one command, then done, then
// declared finished. Whoever finds a valid record does it again; every step can be repeated.
#pragma once

#include <vector>

#include "drivers/pkcs15/files.h"

namespace kilt::pkcs15 {

/// What a valid journal asks for.
struct JournalRecord {
  /// New contents of a directory file, from its start.
  struct Image {
    Bytes path, contents;
  };
  /// A file that must not stay unless `needed_by` occurs in one of the directories.
  struct Orphan {
    Bytes path, needed_by;
  };
  std::vector<Image> images;
  std::vector<Orphan> orphans;

  [[nodiscard]] bool empty() const noexcept { return images.empty() && orphans.empty(); }
};

/// What is still to be done; empty if nothing is or if there is no journal at `path`. A damaged one
/// counts as empty: a record becomes valid only when it is whole.
[[nodiscard]] JournalRecord read_journal(Files& files, BytesView path);

class Journal {
 public:
  /// `path` of the journal's EF; it is made at the first write.
  Journal(WritableFiles& files, Bytes path) : files_(&files), path_(std::move(path)) {}

  [[nodiscard]] JournalRecord read() { return read_journal(*files_, path_); }
  /// Makes this the valid record, in one step seen from outside. Throws TokenFull.
  void write(const JournalRecord& record);
  /// Nothing is left to be done.
  void clear();

 private:
  std::size_t make_room(std::size_t size);

  WritableFiles* files_;
  Bytes path_;
};

}  // namespace kilt::pkcs15
