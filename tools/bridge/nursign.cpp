// NURSign, the module of the public procurement site. Experimental: what is known of it is
// second-hand (recorded exchanges that others describe), and no recording of the original was at
// hand. Off unless bridge.modules names it.
#include "tools/bridge/methods.h"
#include "tools/bridge/signing.h"
#include "tools/terminal/text.h"

namespace kilt::bridge {
namespace {

std::string success(Json result) {
  return to_text({{"result", std::move(result)}, {"errorCode", "NONE"}});
}

std::string encoded(bool xml, const Bytes& document) {
  return xml ? std::string(document.begin(), document.end()) : to_base64(document);
}

Bytes document_of(const std::string& type, const std::string& data) {
  if (type != "binary") return tool::to_bytes(data);
  auto bytes = from_base64(data);
  if (!bytes) throw Refused("500", "data is not base64");
  return std::move(*bytes);
}

}  // namespace

std::string Methods::nursign(Page& page, Request& request) {
  const std::string type = string_of(request.json, "type");
  if (type == "version") return success(KILT_VERSION);
  const bool many = type == "multixml" || type == "multitext";
  const bool xml = type == "xml" || type == "multixml";
  if (!many && !xml && type != "text" && type != "binary")
    throw Refused("500", "type " + tool::clean(type) + " is not supported");
  SignPlan plan;
  plan.format = xml ? SignPlan::Format::kXml : SignPlan::Format::kCms;
  plan.text_is_utf8 = true;
  plan.encapsulate = true;
  plan.time_stamp = !xml && !settings_->tsa.empty();
  plan.filter.use = KeyFilter::Use::kSignature;
  std::vector<std::string> names;
  if (many) {
    const auto items = request.json.find("items");
    if (items == request.json.end() || !items->is_object())
      throw Refused("500", "items is not an object");
    for (const auto& [name, data] : items->items()) {
      if (!data.is_string()) throw Refused("500", "items must be strings");
      names.push_back(name);
      plan.documents.push_back(document_of(type, data.get<std::string>()));
    }
  } else {
    plan.documents.push_back(document_of(type, string_of(request.json, "data")));
  }
  const SignResult result = sign(*consent_, page, std::move(plan), settings_->tsa);
  if (!many) return success(encoded(xml, result.documents.at(0)));
  Json signed_items = Json::object();
  for (std::size_t i = 0; i < names.size() && i < result.documents.size(); ++i)
    signed_items[names[i]] = encoded(xml, result.documents[i]);
  return success(std::move(signed_items));
}

}  // namespace kilt::bridge
