// Certificates on the CA's profile, made on the spot: a CA as old as this process, an owner
// that does not exist.
#pragma once

#include <string>

#include "tests/virtual/card.h"

namespace kilt::vtoken::iso {

enum class KeyRole { kAuthentication, kSignature };

class CertificateAuthority {
 public:
  /// The one of this process, made at first use.
  static const CertificateAuthority& here();

  /// DER.
  [[nodiscard]] const Bytes& certificate() const noexcept { return certificate_; }
  /// DER certificate of the key's public half. `storage`: value of the extension 1.2.398.3.3.5.
  [[nodiscard]] Bytes issue(const Bytes& key, KeyRole role, const std::string& storage) const;

 private:
  CertificateAuthority();

  Bytes key_;
  Bytes certificate_;
};

}  // namespace kilt::vtoken::iso
