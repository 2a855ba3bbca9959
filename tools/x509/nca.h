// What the National Certification Authority writes into its certificates, by name: purposes, roles,
// policies, key storages, and when it reminds its customers.
// Sources: the registry of object identifiers at root.gov.kz/oid, the CA's guides at pki.gov.kz,
// and its published test certificates.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "tools/x509/certificate.h"

namespace kilt::tool {

/// What the certificate's key is for.
enum class Purpose { kAuth, kSign, kBoth, kAuthority, kOther };

/// The two that the CA's RSA kit has a key each for.
inline constexpr std::array kKitPurposes{Purpose::kAuth, Purpose::kSign};

/// By key usage and extended key usage, as the CA sets them: AUTH has clientAuth; SIGN has
/// nonRepudiation and emailProtection; the single GOST key since 2024 has keyAgreement too and is
/// for both. Without any extension a key is for both.
Purpose purpose_of(const CertificateInfo& certificate);
/// The certificate's purpose is this one, or both where this is kAuth or kSign.
bool serves(const CertificateInfo& certificate, Purpose purpose);
/// "auth", "sign", "both", "ca", "other": in JSON and tables.
const char* purpose_name(Purpose purpose) noexcept;

/// What an OID of the CA's registry means; empty if it is not known here.
std::string oid_name(std::string_view oid);

/// The CA's reminders: 30, 14 and 7 days before expiry; 0 expired.
enum class Stage { kNone, kMonth, kFortnight, kWeek, kExpired };
Stage stage_of(long days_left) noexcept;
/// Days of the stage: 30, 14, 7, 0; -1 for none.
int stage_days(Stage stage) noexcept;

inline constexpr const char* kStorageExtensionOid = "1.2.398.3.3.5";

}  // namespace kilt::tool
