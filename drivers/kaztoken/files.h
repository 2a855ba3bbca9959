// The file system of the Rutoken ECP platform: SELECT and its FCI, reading and writing EFs,
// enumeration (kaztoken sheet, sections 3 to 5). All numbers on the wire are big-endian here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "apdu/card.h"
#include "drivers/file_path.h"
#include "drivers/pkcs15/directory.h"

namespace kilt::kaztoken {

enum class FileType { kDirectory, kTransparent, kRsf, kUnknown };

/// Tag 85 of a key or PIN object ("RSF").
struct RsfProperties {
  Byte type = 0, option = 0, flags = 0;
  unsigned tries_max = 0, tries_left = 0;
};

/// What SELECT answers about a file.
struct Fci {
  FileId id = 0;
  FileType type = FileType::kUnknown;
  std::size_t size = 0;
  std::optional<RsfProperties> rsf;
  std::array<Byte, 15> access{};
};

/// What enumeration brought.
struct Children {
  std::vector<Fci> files;
  std::string fault;  ///< why it ended early; empty if it did not
};

/// Reads tags 80, 82, 83, 85, 86 from a 6F or 62 template; order and further tags do not matter.
/// Throws MalformedAnswer.
[[nodiscard]] Fci parse_fci(BytesView answer);

/// Splits a PKCS#15 path (3F00 may lead). Throws MalformedAnswer for an odd number of bytes.
[[nodiscard]] FilePath to_path(BytesView path);

/// Tag 86: one rule per operation (kaztoken sheet, section 5). The seven bytes behind these eight
/// are zero.
using AccessRights = std::array<Byte, 8>;

/// A file to be made.
struct FileTemplate {
  FileId id = 0;
  FileType type = FileType::kTransparent;
  std::size_t size = 0;  ///< tag 80
  AccessRights access{};
  std::optional<RsfProperties> rsf;
};

class Files : public pkcs15::WritableFiles {
 public:
  explicit Files(apdu::Card& card) : card_(&card) {}

  /// Selects by path from the MF; an empty path is the MF. Throws ObjectNotFound.
  Fci select(const FilePath& path);
  std::size_t select(BytesView path) override;
  /// Up to `length` bytes of the selected EF; stops at its end.
  Bytes read(std::size_t offset, std::size_t length) override;
  /// Makes an EF of a PKCS#15 application, with the rights OpenSC's profile gives it.
  void create(BytesView path, pkcs15::FileUse use, std::size_t size) override;
  void update(std::size_t offset, BytesView data) override;
  [[nodiscard]] std::size_t max_update() const override { return 255; }
  void remove(BytesView path) override { remove(to_path(path)); }
  void remove(const FilePath& path);
  /// CREATE FILE in the current DF; key and PIN objects go to their system folder by themselves.
  /// Throws TokenFull, Inconsistent if the id is taken.
  void create(const FileTemplate& file);
  [[nodiscard]] bool exists(const FilePath& path);
  /// Children of a directory, at most 255 (the platform's limit), up to the first that cannot be
  /// read: what follows it cannot be asked for. Throws ObjectNotFound.
  Children children(const FilePath& path);

 private:
  apdu::Card* card_;
};

}  // namespace kilt::kaztoken
