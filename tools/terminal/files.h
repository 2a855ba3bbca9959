// Files that commands read and write. All writing goes through one function, so that nothing is
// ever half written, shown to others or put where a planted link points.
#pragma once

#include <string>

#include "tools/terminal/bytes.h"

namespace kilt::tool {

/// Who may read a file that is written.
enum class Access {
  kOwner,  ///< 0600
  kAll,    ///< 0644 less the umask: what is public by its nature, as certificates and signatures
};

/// What a file may have that is read whole, if nothing else is said: 16 MiB.
inline constexpr std::size_t kMaxReadFile = std::size_t{16} << 20U;

/// Reads a whole file ("-": standard input), at most `most` bytes. Throws Failure(kBadInput), and
/// Failure(kInterrupted) if a signal comes while it waits.
Bytes read_file(const std::string& path, std::size_t most = kMaxReadFile);

/// Before anything is asked: write_file() would find a folder to write in, and no symbolic link.
/// Throws Failure(kBadInput).
void check_writable(const std::string& path);

/// Writes a file ("-" or empty: standard output): a new one beside it that takes its name when it
/// is complete and on the disk. A symbolic link is refused; a device or FIFO is written as it is.
/// What would steer a terminal is not written to one. Throws Failure(kBadInput, kUsage).
void write_file(const std::string& path, BytesView contents, Access access = Access::kOwner);

}  // namespace kilt::tool
