// Names of a card's files (ISO/IEC 7816-4:2013, 7.4.1).
#pragma once

#include <cstdint>
#include <vector>

namespace kilt {

/// A file identifier, e.g. 0x5015.
using FileId = std::uint16_t;
/// File identifiers from the MF on, the MF itself left out.
using FilePath = std::vector<FileId>;

}  // namespace kilt
