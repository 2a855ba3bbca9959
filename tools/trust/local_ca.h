// The certificate of the local web service: a CA of this installation, which may name this machine
// alone and whose key is gone when the service's certificate is issued.
#pragma once

#include <ctime>

#include "tools/x509/openssl.h"

namespace kilt::tool {

struct LocalCertificates {
  Bytes authority;  ///< DER
  Bytes server;     ///< DER: localhost, 127.0.0.1; 398 days, the most that browsers take
  Secret key;       ///< the server's, PEM (PKCS #8)
};

/// Makes a new CA and the server's certificate. The CA's key does not leave this function.
LocalCertificates make_local_certificates(std::time_t now);

}  // namespace kilt::tool
