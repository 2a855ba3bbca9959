// What tokens hold for everybody to read, remembered on disk (design decision 16): a second start
// then costs the reading of a change mark instead of all directories and certificates.
//
// Contents are as untrusted as a card's: whoever uses them parses them with the same care. Nothing
// that needs a login is ever put here.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "apdu/bytes.h"

namespace kilt::cache {

/// Contents by a name that the driver chooses, e.g. a file's path.
using Files = std::map<Bytes, Bytes>;

/// Which token's contents, as of which change.
struct CacheKey {
  std::string_view family;
  BytesView serial;
  std::string_view mark;  ///< the token's own mark of its last change; empty: nothing is remembered
};

/// Where the files are kept; an empty path: nowhere. Made (0700) when first needed.
void set_folder(const std::filesystem::path& folder);

/// What was stored of this token under this mark. Nothing if the file is absent, of another mark,
/// damaged, a link, not the user's own, or open to others.
[[nodiscard]] std::optional<Files> load(const CacheKey& key);
/// Replaces what was stored of this token (0600, renamed into place). Failures are silent: a cache
/// that cannot be written costs time, nothing else.
void store(const CacheKey& key, const Files& files);

}  // namespace kilt::cache
