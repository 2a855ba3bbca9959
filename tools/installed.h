// Where `cmake --install` puts things: the answers are in one generated source.
#pragma once

namespace kilt::tool::installed {

/// Kilt's module.
const char* module();
/// The folder of the messages' languages.
const char* locales();
/// "1.2.3".
const char* version();

}  // namespace kilt::tool::installed
