// kz.gov.pki.knca.basics: named arguments, one method `sign` for CMS, XML and bare signatures.
#include <algorithm>

#include "tools/bridge/methods.h"
#include "tools/bridge/signing.h"
#include "tools/terminal/text.h"

namespace kilt::bridge {
namespace {

[[noreturn]] void general(const std::string& details) {
  throw Refused("GENERAL_ERROR", "java.lang.IllegalArgumentException: " + details);
}

const Json& object_of(const Json& arguments, const char* name) {
  static const Json kNone = Json::object();
  const auto found = arguments.find(name);
  if (found == arguments.end() || found->is_null()) return kNone;
  if (!found->is_object())
    throw Refused("INVOCATION_ERROR", std::string("org.json.JSONException: JSONObject[\"") + name +
                                          "\"] is not a JSONObject.");
  return *found;
}

SignPlan::Format format_of(const Json& arguments) {
  const std::string format = string_of(arguments, "format");
  if (format == "cms") return SignPlan::Format::kCms;
  if (format == "xml") return SignPlan::Format::kXml;
  if (format == "raw") return SignPlan::Format::kRaw;
  if (format.empty()) general("format is not defined in sign");
  general("format " + tool::clean(format) + " is not supported");
}

/// Each string is a document; taken out of the arguments, which may be large.
void take_documents(Json& arguments, bool decode, SignPlan& plan) {
  const auto data = arguments.find("data");
  if (data == arguments.end() || data->is_null()) general("data is not defined in sign");
  const auto take = [&](Json& value) {
    if (!value.is_string())
      throw Refused("INVOCATION_ERROR",
                    "org.json.JSONException: JSONObject[\"data\"] is not a string.");
    const std::string text = std::move(value.get_ref<std::string&>());
    value = nullptr;
    if (!decode) {
      plan.documents.push_back(tool::to_bytes(text));
      return;
    }
    auto bytes = from_base64(text);
    if (!bytes) throw Refused("SIGNING_FAILURE", "data is not base64");
    plan.documents.push_back(std::move(*bytes));
  };
  if (data->is_array())
    for (Json& entry : *data) take(entry);
  else
    take(*data);
  if (plan.documents.empty()) general("data is empty");
}

KeyFilter filter_of(const Json& signer, const Json& signing) {
  KeyFilter filter;
  filter.extended_usage =
      strings_of(signer, "extKeyUsageOids").value_or(std::vector<std::string>{});
  filter.iin = string_of(signer, "iin");
  filter.bin = string_of(signer, "bin");
  filter.serial = string_of(signer, "serialNumber");
  filter.allow_expired = flag_of(signing, "allowExpired", false);
  const auto chain = strings_of(signer, "chain");
  if (chain && !chain->empty()) {
    filter.issuers.emplace();
    for (const std::string& pem : *chain)
      for (const Bytes& certificate : tool::certificates_in(tool::view(pem)))
        filter.issuers->push_back(tool::parse_certificate(certificate).subject);
  }
  return filter;
}

std::vector<std::string> storages_of(const Json& arguments) {
  auto names = strings_of(arguments, "allowedStorages").value_or(std::vector<std::string>{});
  for (const std::string& name : names)
    if (!is_storage_name(name)) general("storage " + tool::clean(name) + " is unknown");
  return names;
}

Json result_of(const SignPlan::Format format, bool with_certificate, const SignResult& result) {
  Json list = Json::array();
  for (const Bytes& document : result.documents) {
    if (format == SignPlan::Format::kXml)
      list.push_back(std::string(document.begin(), document.end()));
    else if (format == SignPlan::Format::kCms)
      list.push_back(tool::to_pem("CMS", document));
    else
      list.push_back(to_base64(document));
  }
  if (format != SignPlan::Format::kRaw || !with_certificate) return list;
  return {{"signatures", std::move(list)},
          {"certificate", tool::to_pem("CERTIFICATE", result.certificate)}};
}

/// The names of arguments of a method without a public description: never their values.
std::string names_of(const Json& arguments, int depth = 0) {
  if (!arguments.is_object() || depth > 2) return {};
  std::string text;
  for (const auto& [name, value] : arguments.items()) {
    if (text.size() > 2000) break;
    if (!text.empty()) text += ", ";
    text += tool::clean(name.substr(0, 64)) + ": " + value.type_name();
    if (const std::string inside = names_of(value, depth + 1); !inside.empty())
      text += " {" + inside + "}";
  }
  return text;
}

}  // namespace

std::string Methods::basics(Page& page, Request& request) {
  Json& arguments = request.arguments;
  if (request.method == "generateCsr" || request.method == "importCertificate")
    throw Refused(
        "GENERAL_ERROR",
        tool::tr("{0}: nobody has published what this method takes. If you send the names "
                 "that follow to Kilt's authors, they can add it. Arguments: {1}",
                 request.method, names_of(arguments)));
  if (request.method != "sign") general(tool::clean(request.method) + " is not defined in basics");
  if (const auto version = request.json.find("apiVersion");
      version != request.json.end() && version->is_number() && *version != 2)
    general("Supported apiVersion is 2");
  if (arguments.is_null()) general("sign demands arguments");
  if (!arguments.is_object())
    throw Refused("INVOCATION_ERROR",
                  "org.json.JSONException: JSONObject[\"args\"] is not a JSONObject.");
  const Json signing = object_of(arguments, "signingParams");
  const Json signer = object_of(arguments, "signerParams");
  const std::string locale = string_of(arguments, "locale");
  if (locale == "kk" || locale == "ru" || locale == "en") page.locale = locale;

  SignPlan plan;
  plan.format = format_of(arguments);
  plan.storages = storages_of(arguments);
  plan.filter = filter_of(signer, signing);
  const bool decode = flag_of(signing, "decode", false);
  plan.text_is_utf8 = !decode;
  plan.digested = flag_of(signing, "digested", false);
  plan.encapsulate = flag_of(signing, "encapsulate", true);
  const auto tsa = signing.find("tsaProfile");
  plan.time_stamp = tsa != signing.end() && tsa->is_object();
  const bool with_certificate = flag_of(signing, "outputCert", false);
  take_documents(arguments, decode, plan);
  const auto format = plan.format;
  return named::success(
      result_of(format, with_certificate, sign(*consent_, page, std::move(plan), settings_->tsa)));
}

}  // namespace kilt::bridge
