// A profile's TOML file: who the token is. Its commands: commands.cpp.
#pragma once

#include "drivers/profile/profile.h"

namespace kilt {

/// A profile is a page of text; a larger file is none.
inline constexpr std::size_t kMaxProfile = std::size_t{256} * 1024;

/// Reads one profile. Throws ProfileError.
[[nodiscard]] Profile parse_profile(std::string_view toml, const std::filesystem::path& source);
/// Reads one profile from its file. Throws ProfileError.
[[nodiscard]] Profile read_profile(const std::filesystem::path& file);

}  // namespace kilt
