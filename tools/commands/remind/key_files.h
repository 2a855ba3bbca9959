// Certificates of PKCS#12 files, whose keys stay closed. What a password once opened is remembered
// by the file's contents ($XDG_STATE_HOME/kilt), so that a timer need not know passwords.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "tools/terminal/bytes.h"

namespace kilt::tool {

/// The file begins as PKCS#12 does. False if it cannot be read.
bool is_pkcs12(const std::filesystem::path& path);

/// DER of the certificates that lie open, or that were seen before; nullopt: they are under the
/// password. Throws Failure(kBadInput) for a damaged file.
std::optional<std::vector<Bytes>> certificates_without_password(BytesView file);

/// All of them; remembered afterwards. Throws Failure(kWrongPin) for a wrong password,
/// Failure(kBadInput) for a damaged file or one that makes the computer count too long.
std::vector<Bytes> certificates_with_password(BytesView file, const Secret& password);

/// The subject key identifier that the CA's software puts into the name, "GOST512_<40 digits>.p12";
/// empty: another name.
Bytes key_id_in_name(const std::filesystem::path& path);

}  // namespace kilt::tool
