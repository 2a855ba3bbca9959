// What a site sees of the bridge's methods, with a user that the test plays.
#pragma once

#include <memory>

#include <gtest/gtest.h>

#include "tests/tools/bridge/scripted.h"
#include "tools/bridge/methods.h"

namespace kilt::bridge::test {

/// The bridge on one PKCS#11 module, and a page of https://nca.example.
class SiteTest : public testing::Test {
 protected:
  explicit SiteTest(std::filesystem::path module) : module_(std::move(module)) {
    page_.origin = "https://nca.example";
    settings_.state = folder_.path();
    settings_.modules = {"NURSign"};
  }
  /// The answer to a request, as the bridge gives it.
  std::string ask(const std::string& text) {
    if (!methods_) {
      origins_ = std::make_unique<Origins>(settings_);
      consent_ = std::make_unique<Consent>(module_, *origins_, [this](const std::string&) {
        return std::make_unique<Scripted>(user_);
      });
      methods_ = std::make_unique<Methods>(settings_, *consent_);
    }
    auto request = parse_request(text);
    if (!request) return broken_json();
    if (auto now = methods_->at_once(page_, *request)) return *now;
    return methods_->with_user(page_, std::move(*request));
  }
  std::string common(const std::string& method, const Json& arguments) {
    return ask(to_text({{"module", kCommonUtils}, {"method", method}, {"args", arguments}}));
  }
  std::string basics(const Json& arguments) {
    return ask(to_text({{"module", kBasics}, {"method", "sign"}, {"args", arguments}}));
  }
  static Json object(const std::string& answer) {
    const Json json = Json::parse(answer);
    EXPECT_EQ(json.value("code", ""), "200") << answer;
    return json.value("responseObject", Json());
  }
  static Json result(const std::string& answer) {
    const Json json = Json::parse(answer);
    EXPECT_EQ(json.value("status", false), true) << answer;
    EXPECT_TRUE(json.contains("body") && json["body"].contains("result")) << answer;
    return json["body"].value("result", Json());
  }
  static Bytes der_of(const Json& base64) { return from_base64(base64.get<std::string>()).value(); }

  Folder folder_;
  Settings settings_ = Settings::parse("");
  ModuleThread module_;
  User user_;
  Page page_;
  std::unique_ptr<Origins> origins_;
  std::unique_ptr<Consent> consent_;
  std::unique_ptr<Methods> methods_;
};

}  // namespace kilt::bridge::test
