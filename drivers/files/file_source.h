// The "personal computer" storage (design decision 26): every PKCS#12 file of the configured
// folders is a token, and each folder has one free place where a new file is made.
//
// Where the facts come from: 25 files that the CA's own software wrote (drivers/files/README.md).
// Not tried yet: whether the CA's programs read files under AES.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "drivers/source.h"

namespace kilt::files {

/// Folders (every .p12 and .pfx in them, not below) or single files.
[[nodiscard]] std::unique_ptr<TokenSource> make_file_source(
    std::vector<std::filesystem::path> locations);

}  // namespace kilt::files
