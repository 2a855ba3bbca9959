// Which programs use card readers at the moment.
#pragma once

#include <filesystem>
#include <string>

namespace kilt::tool {

/// "firefox-esr (4711), java (815)": the other processes that have the PC/SC library loaded, as far
/// as this user may see them; empty if there are none. Which of them holds a certain reader nobody
/// tells. `processes` is /proc.
[[nodiscard]] std::string reader_users(const std::filesystem::path& processes = "/proc");

}  // namespace kilt::tool
