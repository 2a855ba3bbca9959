// What goes over the wire: requests as JSON, and the answers of the two dialects that sites speak
// (positional arguments with "code", named ones with "status"). Shapes and codes: as recorded from
// NCALayer by its clients' tests (sigex-kz/ncalayer-js-client, pkigovkz/NCALayerJSExample).
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "tools/terminal/bytes.h"

namespace kilt::bridge {

using Json = nlohmann::ordered_json;
using tool::Bytes;
using tool::BytesView;

/// The bare text that asks whether anybody is there; echoed as it is.
inline constexpr std::string_view kHeartbeat = "--heartbeat--";
/// The first frame on each connection.
std::string greeting();

/// A request that was read; `json` is an object.
struct Request {
  Json json;
  std::string module, method;  ///< empty: not named
  Json arguments;              ///< null if there are none
};

/// nullopt: no JSON object, nested deeper than 64, or not UTF-8. Takes the text, which may be
/// large.
std::optional<Request> parse_request(std::string text);
/// The braces and brackets outside of strings are nested at most so deep.
bool nested_at_most(std::string_view json, std::size_t depth);

/// A frame. What is not UTF-8 is replaced.
std::string to_text(const Json& json);

/// The user said no, or closed the dialogue.
class Cancelled {};
/// What the page asked for cannot be done; the code is one of the dialect's.
class Refused : public std::runtime_error {
 public:
  explicit Refused(std::string code, const std::string& details = {})
      : std::runtime_error(details), code_(std::move(code)) {}
  [[nodiscard]] const std::string& code() const noexcept { return code_; }

 private:
  std::string code_;
};

std::string broken_json();
std::string module_not_found();

/// commonUtils: {"responseObject": …, "code": "200"} and its errors. `request`: a "uuid" of it is
/// copied.
namespace positional {
std::string success(const Request& request, Json object);
std::string done(const Request& request);
std::string cancelled(const Request& request);
/// Without a message: {"code": "500"}.
std::string error(const Request& request, const std::string& message = {});
}  // namespace positional

/// basics: {"body": {"result": …}, "status": true} and its errors.
namespace named {
std::string success(Json result);
std::string cancelled();
/// `code` is one of GENERAL_ERROR, INVOCATION_ERROR, SIGNING_FAILURE.
std::string error(const std::string& code, const std::string& details);
}  // namespace named

/// true, "true", 1 and their opposites; nullopt for anything else.
std::optional<bool> as_flag(const Json& value);
/// The member as a flag; absent or null: `standard`. Throws Refused(INVOCATION_ERROR).
bool flag_of(const Json& object, const char* name, bool standard);
/// The member as a string; absent or null: empty. Throws Refused(INVOCATION_ERROR).
std::string string_of(const Json& object, const char* name);
/// The member as a list of strings; absent or null: nullopt. Throws Refused(INVOCATION_ERROR).
std::optional<std::vector<std::string>> strings_of(const Json& object, const char* name);

/// Strict but for white space between the characters; nullopt: not base64.
std::optional<Bytes> from_base64(std::string_view text);
/// One line.
std::string to_base64(BytesView bytes);

}  // namespace kilt::bridge
