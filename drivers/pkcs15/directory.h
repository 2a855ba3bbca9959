// Reads a PKCS#15 application: ODF, the directory files it names, their entries. Shared by every
// family that keeps such a structure; the family supplies file access only.
#pragma once

#include <functional>
#include <vector>

#include "apdu/bytes.h"
#include "drivers/pkcs15/entries.h"
#include "drivers/pkcs15/files.h"

namespace kilt::pkcs15 {

/// Entries one directory file may hold; more is taken for an attack (design decision 11).
inline constexpr std::size_t kMaxEntries = 512;
/// Bytes one file may hold.
inline constexpr std::size_t kMaxFile = 65535;

/// A path without a leading 3F00, for comparison.
[[nodiscard]] BytesView relative_path(BytesView path);
/// The whole of an EF.
[[nodiscard]] Bytes read_file(Files& files, BytesView path);
/// What a Path names: the file, or the part of it that index and length give.
[[nodiscard]] Bytes read_value(Files& files, const Path& path);
/// The used part of a directory file: reads until the padding (00 or FF) or the file's end, so
/// that a mostly empty file costs one READ BINARY.
[[nodiscard]] Bytes read_directory(Files& files, BytesView path);

/// Splits the contents of a directory file; `each` gets every entry. A damaged entry is passed to
/// `damaged` with the reason; the entries behind it are read if its length holds.
void for_each_entry(BytesView contents, const std::function<void(const tlv::Node&)>& each,
                    const std::function<void(const char*)>& damaged);

}  // namespace kilt::pkcs15
