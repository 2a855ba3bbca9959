// The modules and methods that web sites call, by name.
#pragma once

#include <string>

#include "tools/bridge/consent.h"
#include "tools/bridge/pages.h"
#include "tools/bridge/settings.h"

namespace kilt::bridge {

class Methods : public Desk {
 public:
  Methods(const Settings& settings, Consent& consent) : settings_(&settings), consent_(&consent) {}

  std::optional<std::string> at_once(Page& page, const Request& request) override;
  std::string with_user(Page& page, Request request) override;

 private:
  std::string answer(Page& page, Request& request);
  std::string common_utils(Page& page, Request& request);
  std::string basics(Page& page, Request& request);
  std::string accessory(const Request& request);
  std::string nursign(Page& page, Request& request);
  [[nodiscard]] bool serves(const std::string& module) const;

  const Settings* settings_;
  Consent* consent_;
};

/// The twelve fields that sites know of a certificate.
Json key_info(BytesView certificate);

inline constexpr const char* kCommonUtils = "kz.gov.pki.knca.commonUtils";
inline constexpr const char* kBasics = "kz.gov.pki.knca.basics";
inline constexpr const char* kAccessory = "kz.gov.pki.ncalayerservices.accessory";
inline constexpr const char* kNurSign = "NURSign";

}  // namespace kilt::bridge
