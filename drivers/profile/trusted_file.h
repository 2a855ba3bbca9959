// Files whose contents this process obeys: kilt.toml names modules that are loaded,
// a profile names commands that are sent. They are read only if nobody with fewer rights than the
// process could have written them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace kilt {

/// Why a file is not read, in words for the log.
class UntrustedFile : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Contents of a file of at most `max` bytes. Throws UntrustedFile if it cannot be read, is no
/// regular file (a FIFO would hold the program up), is too large, or if it or its folder belongs to
/// another than root and the user of this process, or may be written by others. A group may
/// write only if it is root's, or this user's own as distributions make it. Symbolic links are
/// followed: what they lead to is judged.
[[nodiscard]] std::string read_trusted_file(const std::filesystem::path& path, std::size_t max);

}  // namespace kilt
