// What a key file's name says before anybody opened it: the CA's software calls them
// GOST512_<SKI in hex>.p12, AUTH_RSA256_…, RSA256_…, GOSTKNCA_….
#pragma once

#include <filesystem>
#include <string>

#include "apdu/bytes.h"

namespace kilt::files {

struct FileName {
  std::string kind;  ///< "GOST512", "AUTH_RSA256", ...; empty for another name
  Bytes key_id;      ///< the subject key identifier in it; empty if there is none
  std::string label;
};

[[nodiscard]] FileName read_name(const std::filesystem::path& file);
/// The name has the form of a PKCS#12 file's.
[[nodiscard]] bool is_key_file(const std::filesystem::path& file);
/// A file's name made of a token's label: no separators, no hidden file, not too long.
[[nodiscard]] std::string name_for(const std::string& label);

}  // namespace kilt::files
