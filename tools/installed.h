// Where `cmake --install` puts things: the answers are in one generated source.
#pragma once

#include <filesystem>

namespace kilt::tool::installed {

/// Kilt's module: beside this program, wherever that was installed, else where the build meant it.
std::filesystem::path module();
/// The folder of the messages' languages, in the same way.
std::filesystem::path locales();
/// "1.2.3".
const char* version();

}  // namespace kilt::tool::installed
