// A SoftHSM token with RSA keys and certificates of the CA's kinds, and a module thread on it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/x509/openssl.h"

namespace kilt::bridge::test {

inline constexpr const char* kPin = "739182";

/// A folder that goes with the test program.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

struct CertificatePlan {
  std::string label, subject;
  std::string key_usage, extended_usage;  ///< as openssl's configuration names them
  long from = -1, to = 300;               ///< days from now
};

/// A certificate of the CA for a public key of any algorithm (DER SubjectPublicKeyInfo), DER.
tool::Bytes issue(const tool::Bytes& spki, const CertificatePlan& plan);

/// The first call makes the token "Soft" with these: AUTH and SIGN as the CA made them until 2024,
/// BOTH as since, OLD expired, ORG of an organisation. Later calls give the same.
const std::filesystem::path& soft_token();
/// The CA that issued them, PEM.
std::string soft_ca();

}  // namespace kilt::bridge::test
