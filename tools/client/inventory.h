// What lies on a token: keys, certificates and data objects, the keys paired with their
// certificates.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/client/session.h"
#include "tools/x509/certificate.h"

namespace kilt::tool {

struct KeyView {
  CK_OBJECT_HANDLE private_key = 0;  ///< 0: not seen (not logged in, or not there)
  CK_OBJECT_HANDLE public_key = 0;   ///< 0: not seen
  Bytes id;
  std::string label;
  CK_KEY_TYPE type = 0;
  std::string algorithm;  ///< "RSA-2048", "GOST R 34.10-2001 A"
  Bytes spki;             ///< DER SubjectPublicKeyInfo; empty if the token does not give it
  bool sign = false, decrypt = false, always_authenticate = false, local = false;
};

struct CertificateView {
  CK_OBJECT_HANDLE handle = 0;
  Bytes id;
  std::string label;
  std::optional<CertificateInfo> info;  ///< nullopt: damaged
  Bytes der;
};

struct DataView {
  CK_OBJECT_HANDLE handle = 0;
  std::string label, application;
  bool is_private = false;
};

struct Inventory {
  std::vector<KeyView> keys;
  std::vector<CertificateView> certificates;
  std::vector<DataView> data;

  /// The certificates of this key: same public key where it is known, else same id.
  [[nodiscard]] std::vector<const CertificateView*> certificates_of(const KeyView& key) const;
  /// The key of this certificate, or nullptr.
  [[nodiscard]] const KeyView* key_of(const CertificateView& certificate) const;
  /// Whom a certificate of this key names; empty: none does.
  [[nodiscard]] std::string owner_of(const KeyView& key) const;
  /// The key with this public key, or nullptr.
  [[nodiscard]] const KeyView* key_with(BytesView spki) const;
};

/// Reads all that this session may see.
Inventory read_inventory(Session& session);

/// One key pair, e.g. just generated.
KeyView read_key(Session& session, const Session::Pair& pair);

/// DER SubjectPublicKeyInfo out of a public (or private) key's attributes; empty if they do not
/// suffice.
Bytes spki_of(const Values& values);
/// The attributes that spki_of and KeyView need.
const std::vector<CK_ATTRIBUTE_TYPE>& key_attributes();

}  // namespace kilt::tool
