// Private keys brought from files to a token.
#pragma once

#include <string>
#include <vector>

#include "tools/commands/context.h"
#include "tools/x509/openssl.h"

namespace kilt::tool {

struct KeyFile {
  PkeyPtr key;
  std::vector<CertificateInfo> certificates;  ///< the key's own, if the file has it
};

/// PKCS#12 or PEM; the password from `source`, else asked for. Throws Failure(kBadInput),
/// kUnsupported for a key that no token takes.
KeyFile read_key_file(const std::string& path, const std::string& password_source);

/// Writes the key (RSA) and its certificate. The user is logged in. Throws Failure.
KeyView import_key(Session& session, const KeyFile& file, std::string label, Bytes id);

}  // namespace kilt::tool
