// OCSP (RFC 6960): a question for a responder, and whether an answer is to it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/x509/revocation.h"

namespace kilt::tool {

/// An answer, of DER. Throws Failure(kBadInput): it is none, or says that there is none.
std::unique_ptr<RevocationSource> read_ocsp(const Bytes& file);

/// DER of an OCSPRequest about one certificate, and the nonce in it.
struct OcspRequest {
  Bytes der, nonce;
};
OcspRequest make_ocsp_request(const RevocationQuestion& question);
/// The answer has no nonce, as not every responder takes one, or this one.
bool is_for_nonce(const Bytes& answer, const Bytes& nonce);
/// The addresses of responders that the certificate names.
std::vector<std::string> ocsp_addresses(BytesView certificate);

}  // namespace kilt::tool
