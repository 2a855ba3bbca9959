// Certificates on the CA's profile, made on the spot: a CA that exists for the length of a call,
// an owner that does not exist.
#pragma once

#include <string>

#include "tests/virtual/card.h"

namespace kilt::vtoken::iso {

enum class KeyRole { kAuthentication, kSignature };

class CertificateAuthority {
 public:
  /// A new key, a new self-signed certificate.
  CertificateAuthority();

  /// DER.
  [[nodiscard]] const Bytes& certificate() const noexcept { return certificate_; }
  /// DER certificate of the key's public half. `storage`: value of the extension 1.2.398.3.3.5.
  [[nodiscard]] Bytes issue(const Bytes& key, KeyRole role, const std::string& storage) const;

 private:
  Bytes key_;
  Bytes certificate_;
};

}  // namespace kilt::vtoken::iso
