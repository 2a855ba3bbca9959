// Browsers' databases of certificates (NSS), below a home folder, and the CA of this installation
// in them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/terminal/bytes.h"

namespace kilt::tool {

/// Chromium's ~/.pki/nssdb and its snap and flatpak, the profiles of Firefox, LibreWolf and
/// Waterfox wherever they are kept; those that exist.
std::vector<std::filesystem::path> browser_databases(const std::filesystem::path& home);

/// The database trusts this CA for web servers.
bool trusts(const std::filesystem::path& database, BytesView authority);
/// Takes out what an earlier CA left and puts this one in. Throws Failure.
void add_authority(const std::filesystem::path& database,
                   const std::filesystem::path& authority_pem);
/// false: there was none.
bool remove_authority(const std::filesystem::path& database);

}  // namespace kilt::tool
