// A PKCS#12 file, or a folder's free place, as a token.
#pragma once

#include <memory>

#include "drivers/files/file_location.h"
#include "drivers/source.h"

namespace kilt::files {

/// Throws CardRemoved if the file is gone, TransportError if it cannot be read, TokenNotRecognized
/// if it is no PKCS#12 file.
[[nodiscard]] std::unique_ptr<OpenedToken> open_file_token(std::shared_ptr<FileLocation> location);

}  // namespace kilt::files
