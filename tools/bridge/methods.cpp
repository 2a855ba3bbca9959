#include "tools/bridge/methods.h"

#include <algorithm>

#include "tools/terminal/text.h"

namespace kilt::bridge {
namespace {

std::string cancelled(const Request& request) {
  if (request.module == kBasics) return named::cancelled();
  if (request.module == kNurSign)
    return to_text({{"errorCode", "500"}, {"errorMessage", "Canceled"}});
  return positional::cancelled(request);
}

std::string failed(const Request& request, const std::string& code, const std::string& details) {
  if (request.module == kBasics || request.module == kAccessory) return named::error(code, details);
  if (request.module == kNurSign) return to_text({{"errorCode", "500"}, {"errorMessage", details}});
  return positional::error(request, details);
}

}  // namespace

bool Methods::serves(const std::string& module) const {
  if (module == kCommonUtils || module == kBasics || module == kAccessory) return true;
  return std::ranges::find(settings_->modules, module) != settings_->modules.end() &&
         module == kNurSign;
}

std::optional<std::string> Methods::at_once(Page& page, const Request& request) {
  // Tells a page nothing: it does not depend on this machine. Also the retired applet's requests,
  // which name no module and carried passwords, and the empty object that some pages send.
  if (!serves(request.module)) return module_not_found();
  // No dialogue while one that this site does not get is sure.
  if (page.gone) return cancelled(request);
  return std::nullopt;
}

std::string Methods::with_user(Page& page, Request request) {
  try {
    consent_->admit(page);
    return answer(page, request);
  } catch (const Cancelled&) {
    return cancelled(request);
  } catch (const Refused& refused) {
    return failed(request, refused.code(), refused.what());
  } catch (const tool::Failure& failure) {
    const bool input = failure.kind() == tool::Kind::kBadInput;
    return failed(request, input ? "SIGNING_FAILURE" : "GENERAL_ERROR", failure.what());
  } catch (const Json::exception&) {
    return failed(request, "INVOCATION_ERROR", "org.json.JSONException");
  }
}

std::string Methods::answer(Page& page, Request& request) {
  if (request.module == kCommonUtils) return common_utils(page, request);
  if (request.module == kBasics) return basics(page, request);
  if (request.module == kAccessory) return accessory(request);
  return nursign(page, request);
}

/// getBundles and getServices: what is served here, and in which version.
std::string Methods::accessory(const Request& request) {
  const std::string method =
      request.method.empty() ? string_of(request.json, "method") : request.method;
  std::vector<std::string> modules{kAccessory, kCommonUtils, kBasics};
  if (serves(kNurSign)) modules.emplace_back(kNurSign);
  if (method == "getBundles") {
    Json bundles = Json::object();
    for (const std::string& module : modules) bundles[module] = KILT_VERSION;
    return to_text(bundles);
  }
  if (method == "getServices") return to_text({{"services", modules}});
  throw Refused("GENERAL_ERROR", "java.lang.IllegalArgumentException: " + tool::clean(method) +
                                     " is not supported by kilt-bridge");
}

}  // namespace kilt::bridge
