// Entries of the PKCS#15 directory files (ISO/IEC 7816-15:2016, 8; PKCS#15 v1.1, 6), decoded into
// plain structures. Decoding is tolerant: what is absent keeps its default, unknown parts are
// skipped; only what contradicts its own lengths is an error.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apdu/bytes.h"
#include "apdu/tlv.h"
#include "drivers/objects.h"

namespace kilt::pkcs15 {

/// Where a value lies: a file, or a part of it.
struct Path {
  /// As in the directory: file ids from MF, possibly without 3F00; an application's identifier may
  /// stand before them.
  Bytes file;
  std::optional<std::size_t> index, length;

  bool operator==(const Path&) const = default;
};

/// CommonObjectAttributes.
struct Common {
  std::string label;
  bool is_private = false;
  bool modifiable = false;
  Bytes auth_id;

  bool operator==(const Common&) const = default;
};

/// Usage bits of CommonKeyAttributes.
namespace usage {
inline constexpr std::uint32_t kEncrypt = 1U << 0;
inline constexpr std::uint32_t kDecrypt = 1U << 1;
inline constexpr std::uint32_t kSign = 1U << 2;
inline constexpr std::uint32_t kSignRecover = 1U << 3;
inline constexpr std::uint32_t kWrap = 1U << 4;
inline constexpr std::uint32_t kUnwrap = 1U << 5;
inline constexpr std::uint32_t kVerify = 1U << 6;
inline constexpr std::uint32_t kVerifyRecover = 1U << 7;
inline constexpr std::uint32_t kDerive = 1U << 8;
inline constexpr std::uint32_t kNonRepudiation = 1U << 9;
}  // namespace usage

/// Access flags of CommonKeyAttributes.
namespace access {
inline constexpr std::uint32_t kSensitive = 1U << 0;
inline constexpr std::uint32_t kExtractable = 1U << 1;
inline constexpr std::uint32_t kAlwaysSensitive = 1U << 2;
inline constexpr std::uint32_t kNeverExtractable = 1U << 3;
inline constexpr std::uint32_t kLocal = 1U << 4;
}  // namespace access

/// An entry of PrKDF or PuKDF.
struct KeyEntry {
  Common common;
  KeyType type = KeyType::kRsa;
  Bytes id;
  std::uint32_t usage = 0;
  std::uint32_t access = 0;
  bool native = true;
  Byte reference = 0;  ///< keyReference, low byte
  bool user_consent = false;
  unsigned modulus_bits = 0;  ///< RSA
  /// GOST: OpenSC's numbering of the CryptoPro curves (1 A, 2 B, 3 C); 0 unknown.
  unsigned gost_parameters = 0;
  /// EC: DER of the curve's parameters, if the directory gives them.
  Bytes ec_parameters;
  Path path;
  Bytes direct_value;  ///< public keys: the value itself, if it stands in the directory
  Bytes subject;       ///< CommonPrivateKeyAttributes: DER of the Name, empty if there is none

  bool operator==(const KeyEntry&) const = default;
};

struct CertificateEntry {
  Common common;
  Bytes id;
  bool authority = false;
  Path path;
  Bytes direct_value;

  bool operator==(const CertificateEntry&) const = default;
};

struct DataEntry {
  Common common;
  std::string application;
  Bytes oid;  ///< DER with tag 06
  Path path;
  Bytes direct_value;

  bool operator==(const DataEntry&) const = default;
};

/// An AODF entry for a PIN.
struct PinEntry {
  Common common;
  Bytes auth_id;
  std::uint32_t flags = 0;
  unsigned type = 1;  ///< 0 BCD, 1 ascii-numeric, 2 UTF-8, 3 half-nibble BCD, 4 ISO 9564-1
  unsigned min_length = 0, stored_length = 0, max_length = 0;
  Byte reference = 0;
  std::optional<Byte> pad;
  Path path;
};
namespace pin_flag {
inline constexpr std::uint32_t kLocal = 1U << 1;
inline constexpr std::uint32_t kChangeDisabled = 1U << 2;
inline constexpr std::uint32_t kUnblockDisabled = 1U << 3;
inline constexpr std::uint32_t kInitialized = 1U << 4;
inline constexpr std::uint32_t kNeedsPadding = 1U << 5;
inline constexpr std::uint32_t kUnblockingPin = 1U << 6;
inline constexpr std::uint32_t kSoPin = 1U << 7;
}  // namespace pin_flag

/// EF.TokenInfo / EF.CIAInfo.
struct TokenInfoEntry {
  Bytes serial;
  std::string manufacturer, label;
  std::string issuer;       ///< issuerId, optional
  std::string last_update;  ///< GeneralizedTime, optional
  std::uint32_t flags = 0;
};

/// What a directory file of the ODF holds.
enum class DirectoryKind {
  kPrivateKeys,
  kPublicKeys,
  kTrustedPublicKeys,
  kSecretKeys,
  kCertificates,
  kTrustedCertificates,
  kUsefulCertificates,
  kData,
  kAuthObjects,
};
struct OdfEntry {
  DirectoryKind kind;
  Path path;
};

// Each decodes one entry and throws MalformedAnswer if it contradicts itself or names nothing: no
// key (neither id, reference nor value), no place of the value.
[[nodiscard]] KeyEntry decode_key(const tlv::Node& entry);
[[nodiscard]] CertificateEntry decode_certificate(const tlv::Node& entry);
[[nodiscard]] DataEntry decode_data(const tlv::Node& entry);
/// Nothing if the entry is no PIN (biometric, external key).
[[nodiscard]] std::optional<PinEntry> decode_pin(const tlv::Node& entry);
[[nodiscard]] TokenInfoEntry decode_token_info(BytesView file);
/// Entries of unknown kind are skipped.
[[nodiscard]] std::vector<OdfEntry> decode_odf(BytesView file);

}  // namespace kilt::pkcs15
