// The text of a file of the disk cache: a JSON object of "version", "family", "serial", "mark" and
// "files", the latter an object of hexadecimal names and contents.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "drivers/cache.h"

namespace kilt::cache {

struct CacheFile {
  std::string family;
  std::string serial;  ///< hexadecimal
  std::string mark;
  Files files;
};

/// Nothing if the text is of another version or not of this form. Throws std::bad_alloc.
[[nodiscard]] std::optional<CacheFile> parse_cache_file(std::string_view text);
/// Throws std::bad_alloc.
[[nodiscard]] std::string cache_file_text(const CacheKey& key, const Files& files);

}  // namespace kilt::cache
