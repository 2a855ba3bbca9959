// The certificates of CAs that the owner of this computer trusts, each taken in by its fingerprint:
// files in $XDG_DATA_HOME/kilt/trust, named by it.
#pragma once

#include <string>
#include <vector>

#include "tools/x509/certificate.h"

namespace kilt::tool {

/// SHA-256 of the DER, in upper-case hexadecimal.
std::string fingerprint(BytesView der);

/// All that are trusted, oldest first by validity. A file that is not what its name says is left
/// out and reported in `damaged`.
std::vector<CertificateInfo> trusted_certificates(std::vector<std::string>* damaged = nullptr);
/// Their DER.
std::vector<Bytes> trusted_ders();

/// False: it is there already. Throws Failure(kBadInput) if it cannot be kept.
bool trust(const CertificateInfo& certificate);
/// Throws Failure(kBadInput) if it cannot be taken away.
void distrust(const CertificateInfo& certificate);

}  // namespace kilt::tool
