#include "tools/bridge/protocol.h"

#include <limits>

#include <openssl/evp.h>

#include "tools/x509/openssl.h"

namespace kilt::bridge {
namespace {

constexpr std::size_t kMaxDepth = 64;

std::string member(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

[[noreturn]] void not_a(const char* name, const char* kind) {
  throw Refused("INVOCATION_ERROR", std::string("org.json.JSONException: JSONObject[\"") + name +
                                        "\"] is not a " + kind + ".");
}

std::string with_uuid(const Request& request, Json answer) {
  if (const auto uuid = request.json.find("uuid");
      uuid != request.json.end() && (uuid->is_string() || uuid->is_number()))
    answer["uuid"] = *uuid;
  return to_text(answer);
}

}  // namespace

std::string greeting() { return R"({"result":{"version":"1.4"}})"; }

bool nested_at_most(std::string_view json, std::size_t depth) {
  std::size_t now = 0;
  bool text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (text) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        text = false;
    } else if (c == '"') {
      text = true;
    } else if (c == '{' || c == '[') {
      if (++now > depth) return false;
    } else if ((c == '}' || c == ']') && now > 0) {
      --now;
    }
  }
  return true;
}

std::optional<Request> parse_request(std::string text) {
  if (!nested_at_most(text, kMaxDepth)) return std::nullopt;
  Request request;
  request.json = Json::parse(text, nullptr, false);
  text = {};
  if (!request.json.is_object()) return std::nullopt;
  request.module = member(request.json, "module");
  request.method = member(request.json, "method");
  if (const auto found = request.json.find("args"); found != request.json.end())
    request.arguments = std::move(*found);
  return request;
}

std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string broken_json() { return R"({"success":false,"code":"COMMON_JSON_WRAPPING_EXCEPTION"})"; }
std::string module_not_found() { return R"({"success":false,"errorCode":"MODULE_NOT_FOUND"})"; }

std::string positional::success(const Request& request, Json object) {
  Json answer;
  answer["responseObject"] = std::move(object);
  answer["code"] = "200";
  return with_uuid(request, std::move(answer));
}
std::string positional::done(const Request& request) {
  return with_uuid(request, {{"code", "200"}});
}
std::string positional::cancelled(const Request& request) {
  return error(request, "action.canceled");
}
std::string positional::error(const Request& request, const std::string& message) {
  Json answer{{"code", "500"}};
  if (!message.empty()) answer["message"] = message;
  return with_uuid(request, std::move(answer));
}

std::string named::success(Json result) {
  Json answer;
  answer["body"]["result"] = std::move(result);
  answer["status"] = true;
  return to_text(answer);
}
std::string named::cancelled() { return R"({"body":{},"status":true})"; }
std::string named::error(const std::string& code, const std::string& details) {
  std::string message = "General error.";
  if (code == "INVOCATION_ERROR") message = "An invoked method threw an exception.";
  if (code == "SIGNING_FAILURE") message = "Signing has failed.";
  return to_text({{"code", code}, {"details", details}, {"message", message}, {"status", false}});
}

std::optional<bool> as_flag(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE" || text.empty()) return false;
  return std::nullopt;
}

bool flag_of(const Json& object, const char* name, bool standard) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return standard;
  const auto flag = as_flag(*found);
  if (!flag) not_a(name, "Boolean");
  return *flag;
}

std::string string_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return {};
  if (!found->is_string()) not_a(name, "string");
  return found->get<std::string>();
}

std::optional<std::vector<std::string>> strings_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return std::nullopt;
  if (!found->is_array()) not_a(name, "JSONArray");
  std::vector<std::string> list;
  for (const auto& entry : *found) {
    if (!entry.is_string()) not_a(name, "JSONArray of strings");
    list.push_back(entry.get<std::string>());
  }
  return list;
}

std::optional<Bytes> from_base64(std::string_view text) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max() / 2))
    return std::nullopt;
  using Context = tool::Owned<EVP_ENCODE_CTX, EVP_ENCODE_CTX_free>;
  const Context context(EVP_ENCODE_CTX_new());
  EVP_DecodeInit(context.get());
  Bytes bytes(text.size() / 4 * 3 + 3);
  int size = 0;
  int rest = 0;
  const int state = EVP_DecodeUpdate(context.get(), bytes.data(), &size, tool::view(text).data(),
                                     static_cast<int>(text.size()));
  if (state < 0 || EVP_DecodeFinal(context.get(), bytes.data() + size, &rest) != 1)
    return std::nullopt;
  // Anything after the padding, and a last group that is cut, are errors that OpenSSL lets pass.
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    if (c == '-') return std::nullopt;  // OpenSSL's end of data
    ++digits;
  }
  if (digits % 4 != 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(size + rest));
  return bytes;
}

std::string to_base64(BytesView bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),  // NOLINT
                                   bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace kilt::bridge
