// What a fresh token consists of: PIN objects and files with their rules and first contents (sheet,
// sections 5.3, 8.1 and 9).
#pragma once

#include <string>
#include <vector>

#include "drivers/jacarta/files.h"
#include "drivers/jacarta/pins.h"

namespace kilt::jacarta {

/// A file and what is written into it at once.
struct InitialFile {
  NewFile file;
  Bytes contents;
};

/// Policy of a user PIN that is not set yet, or of one that counts.
enum class PinPolicy { kNotSet, kFinal };

[[nodiscard]] NewFile user_pin_file(const SecureBytes& pin, PinPolicy policy);
[[nodiscard]] NewFile so_pin_file(const SecureBytes& pin);
/// The second transport PIN and the expressions over PINs, all below the MF.
[[nodiscard]] std::vector<NewFile> helper_objects();
[[nodiscard]] InitialFile verification_file();
/// Directories and files below 3000, parents first, but for C000's contents and the container map.
/// `serial` is 8 bytes, `date` YYYYMMDD.
[[nodiscard]] std::vector<InitialFile> application_files(BytesView serial, const std::string& date);

/// Everything a format takes away, in that order; true: a directory.
[[nodiscard]] const std::vector<std::pair<FilePath, bool>>& erased_paths();

}  // namespace kilt::jacarta
