// The folders that a user keeps things in.
#pragma once

#include <filesystem>

namespace kilt::tool {

/// What the variable names (XDG_DATA_HOME, ...), else `below` in the home folder; empty: there is
/// neither. A relative path is not trusted (XDG Base Directory Specification).
std::filesystem::path user_folder(const char* variable, const char* below);

}  // namespace kilt::tool
