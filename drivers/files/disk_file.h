// One file on the host's disk: read whole, replaced atomically, its changes seen.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "apdu/bytes.h"

namespace kilt::files {

/// What shows that a file is another than before, without reading it.
struct Stamp {
  std::uint64_t device = 0, inode = 0;
  std::int64_t size = 0, seconds = 0, nanoseconds = 0;

  bool operator==(const Stamp&) const = default;
};

/// Largest file that is read.
inline constexpr std::int64_t kMaxFile = 4'000'000;

/// The stamp of a regular file (links are followed); nothing if it is absent, not regular, or too
/// large or small to be a key file.
[[nodiscard]] std::optional<Stamp> stamp_of(const std::filesystem::path& file);

struct Contents {
  Bytes bytes;
  Stamp stamp;
};
/// Reads it. Throws CardRemoved if it is gone, TransportError with the reason if it cannot be read.
[[nodiscard]] Contents read_file(const std::filesystem::path& file);

/// Nothing may be written there; the reason for people, empty if it may.
[[nodiscard]] std::string why_read_only(const std::filesystem::path& file);

/// Writes the contents beside it, to disk, and renames them into place: at every moment the old or
/// the new file is there, whole. A link stays, the file behind it is replaced; permissions stay. If
/// the file is no longer the one of `expected`, nothing is written (ReaderBusy). Throws
/// WriteProtected, TokenFull.
Stamp replace_file(const std::filesystem::path& file, BytesView contents,
                   const std::optional<Stamp>& expected);
/// The same for a file that must not be there yet (0600). Throws Inconsistent if it is.
Stamp create_file(const std::filesystem::path& file, BytesView contents);

}  // namespace kilt::files
