// kz.gov.pki.knca.commonUtils: positional arguments, methods known by name and number of them.
#include <algorithm>
#include <map>

#include "tools/bridge/methods.h"
#include "tools/bridge/signing.h"
#include "tools/terminal/text.h"

namespace kilt::bridge {
namespace {

/// The arguments of one call; each access says what it must be.
class Arguments {
 public:
  explicit Arguments(Request& request) : request_(&request) {
    if (request.arguments.is_null()) request.arguments = Json::array();
    if (!request.arguments.is_array()) mismatch();
  }
  [[nodiscard]] std::size_t count() const { return request_->arguments.size(); }
  /// null counts as an empty string.
  std::string text(std::size_t i) {
    Json& value = request_->arguments[i];
    if (value.is_null()) return {};
    if (!value.is_string()) mismatch();
    return std::move(value.get_ref<std::string&>());
  }
  bool flag(std::size_t i) {
    const Json& value = request_->arguments[i];
    if (value.is_null()) return false;
    const auto flag = as_flag(value);
    if (!flag) mismatch();
    return *flag;
  }
  std::vector<std::string> texts(std::size_t i) {
    Json& value = request_->arguments[i];
    if (!value.is_array()) mismatch();
    std::vector<std::string> list;
    for (Json& entry : value) {
      if (!entry.is_string()) mismatch();
      list.push_back(std::move(entry.get_ref<std::string&>()));
    }
    return list;
  }
  Bytes base64(std::size_t i) {
    const std::string encoded = text(i);
    auto bytes = from_base64(encoded);
    if (!bytes) throw Refused("500");  // the original says no more
    return std::move(*bytes);
  }

 private:
  [[noreturn]] void mismatch() const {
    throw Refused("500", "java.lang.IllegalArgumentException: argument type mismatch. Method: " +
                             tool::clean(request_->method));
  }
  Request* request_;
};

std::vector<std::string> storage_argument(Arguments& arguments) {
  const std::string name = arguments.text(0);
  if (name.empty()) throw Refused("500", "storageName.param.empty");
  if (!is_storage_name(name)) throw Refused("500", "storage.unknown");
  return {name};
}

KeyFilter filter_argument(Arguments& arguments) {
  KeyFilter filter;
  const std::string type = arguments.text(1);
  if (type == "SIGNATURE") filter.use = KeyFilter::Use::kSignature;
  if (type == "AUTHENTICATION") filter.use = KeyFilter::Use::kAuthentication;
  return filter;
}

SignPlan plan_of(Arguments& arguments, SignPlan::Format format) {
  SignPlan plan;
  plan.storages = storage_argument(arguments);
  plan.filter = filter_argument(arguments);
  plan.format = format;
  return plan;
}

SignPlan xml_plan(Arguments& arguments) {
  SignPlan plan = plan_of(arguments, SignPlan::Format::kXml);
  plan.text_is_utf8 = true;
  plan.place = {arguments.text(3), arguments.text(4)};
  return plan;
}

std::string as_text(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

/// Only what the user chose for this page: a site names no paths.
Bytes read_chosen(const Page& page, const std::string& path) {
  if (!page.chosen.contains(path)) throw Refused("500", "file.not_found");
  return read_document(path);
}

}  // namespace

std::string Methods::common_utils(Page& page, Request& request) {
  Arguments arguments(request);
  const std::string& method = request.method;
  const std::size_t count = arguments.count();
  const auto is = [&](const char* name, std::size_t expected) {
    return method == name && count == expected;
  };
  const auto cms = [&](SignPlan plan) {
    return positional::success(
        request, to_base64(sign(*consent_, page, std::move(plan), settings_->tsa).documents.at(0)));
  };

  if (is("getActiveTokens", 0)) return positional::success(request, consent_->tokens(page));
  if (is("getKeyInfo", 1))
    return positional::success(
        request, key_info(choose_certificate(*consent_, page, storage_argument(arguments))));
  if (is("signXml", 5)) {
    SignPlan plan = xml_plan(arguments);
    plan.documents.push_back(tool::to_bytes(arguments.text(2)));
    return positional::success(
        request, as_text(sign(*consent_, page, std::move(plan), settings_->tsa).documents.at(0)));
  }
  if (is("signXmls", 5)) {
    SignPlan plan = xml_plan(arguments);
    for (const std::string& xml : arguments.texts(2)) plan.documents.push_back(tool::to_bytes(xml));
    Json list = Json::array();
    for (const Bytes& xml : sign(*consent_, page, std::move(plan), settings_->tsa).documents)
      list.push_back(as_text(xml));
    return positional::success(request, std::move(list));
  }
  if (is("createCMSSignatureFromBase64", 4) || is("createCAdESFromBase64", 4)) {
    SignPlan plan = plan_of(arguments, SignPlan::Format::kCms);
    plan.documents.push_back(arguments.base64(2));
    plan.encapsulate = arguments.flag(3);
    plan.time_stamp = method == "createCMSSignatureFromBase64";
    plan.may_add_signer = true;
    return cms(std::move(plan));
  }
  if (is("createCMSSignatureFromFile", 4) || is("createCAdESFromFile", 4)) {
    SignPlan plan = plan_of(arguments, SignPlan::Format::kCms);
    plan.documents.push_back(read_chosen(page, arguments.text(2)));
    plan.encapsulate = arguments.flag(3);
    plan.time_stamp = method == "createCMSSignatureFromFile";
    return cms(std::move(plan));
  }
  if (is("createCAdESFromBase64Hash", 3)) {
    SignPlan plan = plan_of(arguments, SignPlan::Format::kCms);
    plan.documents.push_back(arguments.base64(2));
    plan.digested = true;
    return cms(std::move(plan));
  }
  if (is("applyCAdEST", 3)) {
    SignPlan plan = plan_of(arguments, SignPlan::Format::kCms);
    plan.documents.push_back(arguments.base64(2));
    plan.only_time_stamp = true;
    return cms(std::move(plan));
  }
  if (is("showFileChooser", 2)) {
    const std::string path = consent_->choose_file(page, arguments.text(0));
    page.chosen.insert(path);
    return positional::success(request, path);
  }
  if (is("changeLocale", 1)) {
    const std::string locale = arguments.text(0);
    page.locale = locale == "kz" ? "kk" : locale;
    if (page.locale != "kk" && page.locale != "ru" && page.locale != "en") page.locale.clear();
    return positional::done(request);
  }
  throw Refused("500", "NoSuchMethodException: " + tool::clean(method));
}

}  // namespace kilt::bridge
