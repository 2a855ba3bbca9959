// Where the applet's PKCS#11 software keeps which object: file numbers and the key objects that
// belong to them (sheet, section 8.2).
#pragma once

#include <cstdint>
#include <string>

#include "drivers/jacarta/fcp.h"

namespace kilt::jacarta {

/// What an object file's number says it is.
enum class FileKind {
  kPublicKey,
  kPrivateKey,
  kSecretKey,
  kCertificate,
  kData,
  kContainerMap,
  kOther
};

inline constexpr FileId kContainerMapFile = 0x867F;
/// First numbers. Key number n is in file kPrivateKeyFiles + n and key object kPrivateKeys + n.
inline constexpr FileId kPrivateKeyFiles = 0x0200, kPublicKeyFiles = 0x0140,
                        kKeyCertificateFiles = 0x8400, kOtherCertificateFiles = 0x0440,
                        kDataFiles = 0x0600, kPrivateKeys = 0x0041, kPublicKeys = 0x0081;
/// Keys with a container, and with them certificates of their own.
inline constexpr unsigned kMaxKeys = 30;
/// Certificates without a key, and data objects, of each kind.
inline constexpr unsigned kMaxOthers = 64;

[[nodiscard]] constexpr FileKind file_kind(FileId id) {
  if (id == kContainerMapFile) return FileKind::kContainerMap;
  switch (id & 0x7F00) {
    case 0x0100:
      return FileKind::kPublicKey;
    case 0x0200:
      return FileKind::kPrivateKey;
    case 0x0300:
      return FileKind::kSecretKey;
    case 0x0400:
    case 0x0500:
      return FileKind::kCertificate;
    case 0x0600:
      return FileKind::kData;
    default:
      return FileKind::kOther;
  }
}

/// The key object beside a key's file; in the same directory.
[[nodiscard]] constexpr FileId key_object_of(FileId file) {
  const auto number = static_cast<FileId>((file & 0x3F) + 1);
  switch (file_kind(file)) {
    case FileKind::kPublicKey:
      return number | 0x80;
    case FileKind::kSecretKey:
      return number | 0xC0;
    default:
      // 0240 and on: keys whose id the container map had already.
      return (file & 0x40) != 0 ? number : static_cast<FileId>(number | 0x40);
  }
}

/// The private key has a record in the container map; its number is the low byte.
[[nodiscard]] constexpr bool has_container(FileId private_key_file) {
  return (private_key_file & 0x7FFF) >= kPrivateKeyFiles &&
         (private_key_file & 0x7FFF) < kPrivateKeyFiles + kMaxKeys;
}

}  // namespace kilt::jacarta
