#include "tools/nca.h"

#include <algorithm>
#include <array>

namespace kilt::tool {
namespace {

constexpr std::string_view kClientAuth = "1.3.6.1.5.5.7.3.2";
constexpr std::string_view kEmailProtection = "1.3.6.1.5.5.7.3.4";

bool has(const std::vector<std::string>& list, std::string_view value) {
  return std::ranges::find(list, value) != list.end();
}

struct OidName {
  std::string_view oid;
  const char* name;
};
constexpr std::array kNames{
    OidName{"1.2.398.3.3.2", "NCA RK certificate policy"},
    OidName{"1.2.398.3.3.2.1", "legal entity, signature"},
    OidName{"1.2.398.3.3.2.2", "legal entity, authentication"},
    OidName{"1.2.398.3.3.2.3", "individual, signature"},
    OidName{"1.2.398.3.3.2.4", "individual, authentication"},
    OidName{"1.2.398.3.3.4.1.1", "individual"},
    OidName{"1.2.398.3.3.4.1.1.1", "individual's information system"},
    OidName{"1.2.398.3.3.4.1.2", "legal entity"},
    OidName{"1.2.398.3.3.4.1.2.1", "head of the organisation"},
    OidName{"1.2.398.3.3.4.1.2.2", "right to sign"},
    OidName{"1.2.398.3.3.4.1.2.3", "right to sign financial documents"},
    OidName{"1.2.398.3.3.4.1.2.4", "HR officer"},
    OidName{"1.2.398.3.3.4.1.2.5", "employee"},
    OidName{"1.2.398.3.3.4.1.2.6", "legal entity's information system"},
    OidName{"1.2.398.3.3.4.3.1", "identified by a service centre's operator"},
    OidName{"1.2.398.3.3.4.3.2", "identified remotely"},
    OidName{"1.2.398.3.3.4.3.2.1", "identified by Digital ID"},
    OidName{"1.2.398.3.3.5.1.1", "file (PKCS#12)"},
    OidName{"1.2.398.3.3.5.1.2", "file (JKS)"},
    OidName{"1.2.398.3.3.5.2.1", "ID card"},
    OidName{"1.2.398.3.3.5.2.2", "Kaztoken"},
    OidName{"1.2.398.3.3.5.2.3", "eToken 72K (Java)"},
    OidName{"1.2.398.3.3.5.2.4", "eToken 5110"},
    OidName{"1.2.398.3.3.5.2.5", "JaCarta"},
    OidName{"1.2.398.3.3.5.2.6", "aKey"},
    OidName{"1.2.398.3.3.5.2.7", "SIM card"},
    OidName{"1.2.398.3.3.5.3.1", "cloud service"},
    OidName{kClientAuth, "client authentication"},
    OidName{kEmailProtection, "e-mail protection"},
    OidName{"1.3.6.1.5.5.7.3.1", "server authentication"},
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
  bool auth = digital && (extended.empty() || has(extended, kClientAuth));
  const bool sign = repudiation && (extended.empty() || has(extended, kEmailProtection));
  // The CA's single key for both purposes carries no clientAuth; keyAgreement tells it apart.
  if (sign && agreement && digital) auth = true;
  if (auth && sign) return Purpose::kBoth;
  if (auth) return Purpose::kAuth;
  return sign ? Purpose::kSign : Purpose::kOther;
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
