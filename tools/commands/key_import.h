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

/// PKCS#12 or PEM; the password from `source`, else asked for. Throws Failure(kBadInput).
KeyFile read_key_file(const std::string& path, const std::string& password_source);

/// Writes the key (RSA) and its certificate. The user is logged in. Throws Failure.
KeyView import_key(Session& session, const KeyFile& file, std::string label, Bytes id);

/// The certificates of a PKCS#12 file. Throws Failure(kBadInput), kWrongPin for a wrong password.
std::vector<Bytes> certificates_of_pkcs12(BytesView file, const Secret& password);

}  // namespace kilt::tool
