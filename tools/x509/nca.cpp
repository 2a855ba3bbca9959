#include "tools/x509/nca.h"

#include <algorithm>
#include <array>

#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

constexpr std::string_view kClientAuth = "1.3.6.1.5.5.7.3.2";
constexpr std::string_view kEmailProtection = "1.3.6.1.5.5.7.3.4";
constexpr std::string_view kSingleKey = "GOST R 34.10-2015-512";
constexpr std::string_view kRoles = "1.2.398.3.3.4.";

bool has(const std::vector<std::string>& list, std::string_view value) {
  return std::ranges::find(list, value) != list.end();
}

struct OidName {
  std::string_view oid;
  const char* name;
};
constexpr std::array kNames{
    OidName{"1.2.398.3.3.2", N_("NCA RK certificate policy")},
    OidName{"1.2.398.3.3.2.1", N_("legal entity, signature")},
    OidName{"1.2.398.3.3.2.2", N_("legal entity, authentication")},
    OidName{"1.2.398.3.3.2.3", N_("individual, signature")},
    OidName{"1.2.398.3.3.2.4", N_("individual, authentication")},
    OidName{"1.2.398.3.3.4.1.1", N_("individual")},
    OidName{"1.2.398.3.3.4.1.1.1", N_("individual's information system")},
    OidName{"1.2.398.3.3.4.1.2", N_("legal entity")},
    OidName{"1.2.398.3.3.4.1.2.1", N_("head of the organisation")},
    OidName{"1.2.398.3.3.4.1.2.2", N_("right to sign")},
    OidName{"1.2.398.3.3.4.1.2.3", N_("right to sign financial documents")},
    OidName{"1.2.398.3.3.4.1.2.4", N_("HR officer")},
    OidName{"1.2.398.3.3.4.1.2.5", N_("employee")},
    OidName{"1.2.398.3.3.4.1.2.6", N_("legal entity's information system")},
    OidName{"1.2.398.3.3.4.3.1", N_("identified by a service centre's operator")},
    OidName{"1.2.398.3.3.4.3.2", N_("identified remotely")},
    OidName{"1.2.398.3.3.4.3.2.1", N_("identified by Digital ID")},
    OidName{"1.2.398.3.3.5.1.1", N_("file (PKCS#12)")},
    OidName{"1.2.398.3.3.5.1.2", N_("file (JKS)")},
    OidName{"1.2.398.3.3.5.2.1", N_("ID card")},
    OidName{"1.2.398.3.3.5.2.2", N_("Kaztoken")},
    OidName{"1.2.398.3.3.5.2.3", N_("eToken 72K (Java)")},
    OidName{"1.2.398.3.3.5.2.4", N_("eToken 5110")},
    OidName{"1.2.398.3.3.5.2.5", N_("JaCarta")},
    OidName{"1.2.398.3.3.5.2.6", N_("aKey")},
    OidName{"1.2.398.3.3.5.2.7", N_("SIM card")},
    OidName{"1.2.398.3.3.5.3.1", N_("cloud service")},
    OidName{kClientAuth, N_("client authentication")},
    OidName{kEmailProtection, N_("e-mail protection")},
    OidName{"1.3.6.1.5.5.7.3.1", N_("server authentication")},
};

}  // namespace

Purpose purpose_of(const CertificateInfo& certificate) {
  if (certificate.authority) return Purpose::kAuthority;
  const auto& extended = certificate.extended_usage;
  const bool any_usage = !certificate.key_usage.has_value();
  const KeyUsageBits bits = certificate.key_usage.value_or(0);
  const bool digital = any_usage || (bits & KU_DIGITAL_SIGNATURE) != 0;
  const bool repudiation = any_usage || (bits & KU_NON_REPUDIATION) != 0;
  const bool agreement = (bits & KU_KEY_AGREEMENT) != 0;
  const bool auth = digital && (extended.empty() || has(extended, kClientAuth));
  const bool sign = repudiation && (extended.empty() || has(extended, kEmailProtection));
  // The CA's single key for both purposes carries no clientAuth; keyAgreement distinguishes it, or
  // its algorithm (2022). An information system's has nothing but its role.
  const bool single = agreement || certificate.key_algorithm == kSingleKey;
  const bool role =
      std::ranges::any_of(extended, [](const auto& oid) { return oid.starts_with(kRoles); });
  if (single && digital && (sign || (repudiation && role))) return Purpose::kBoth;
  if (auth && sign) return Purpose::kBoth;
  if (auth) return Purpose::kAuth;
  return sign ? Purpose::kSign : Purpose::kOther;
}

bool serves(const CertificateInfo& certificate, Purpose purpose) {
  const Purpose own = purpose_of(certificate);
  const bool in_kit = purpose == Purpose::kAuth || purpose == Purpose::kSign;
  return own == purpose || (own == Purpose::kBoth && in_kit);
}

const char* purpose_name(Purpose purpose) noexcept {
  switch (purpose) {
    case Purpose::kAuth:
      return "auth";
    case Purpose::kSign:
      return "sign";
    case Purpose::kBoth:
      return "both";
    case Purpose::kAuthority:
      return "ca";
    case Purpose::kOther:
      break;
  }
  return "other";
}

std::string oid_name(std::string_view oid) {
  const auto row = std::ranges::find(kNames, oid, &OidName::oid);
  return row == kNames.end() ? "" : row->name;
}

Stage stage_of(long days_left) noexcept {
  if (days_left < 0) return Stage::kExpired;
  if (days_left <= 7) return Stage::kWeek;
  if (days_left <= 14) return Stage::kFortnight;
  return days_left <= 30 ? Stage::kMonth : Stage::kNone;
}

int stage_days(Stage stage) noexcept {
  switch (stage) {
    case Stage::kExpired:
      return 0;
    case Stage::kWeek:
      return 7;
    case Stage::kFortnight:
      return 14;
    case Stage::kMonth:
      return 30;
    case Stage::kNone:
      break;
  }
  return -1;
}

}  // namespace kilt::tool
