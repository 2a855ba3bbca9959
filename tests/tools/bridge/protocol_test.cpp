#include "tools/bridge/protocol.h"

#include <gtest/gtest.h>

namespace kilt::bridge::test {
namespace {

Request request_of(const std::string& text) {
  auto request = parse_request(text);
  EXPECT_TRUE(request) << text;
  return request ? *request : Request{};
}

TEST(Protocol, Request) {
  const Request request = request_of(R"({"module":"m","method":"x","args":["a",null]})");
  EXPECT_EQ(request.module, "m");
  EXPECT_EQ(request.method, "x");
  EXPECT_EQ(request.arguments, Json::parse(R"(["a",null])"));
  EXPECT_TRUE(request_of("{}").arguments.is_null());
  EXPECT_EQ(request_of(R"({"module":17,"method":[]})").module, "");
}

TEST(Protocol, Depth) {
  EXPECT_TRUE(nested_at_most(R"({"a":[1,[2]]})", 3));
  EXPECT_FALSE(nested_at_most(R"({"a":[1,[2]]})", 2));
  EXPECT_TRUE(nested_at_most(R"({"a":"[[[[\"[[["})", 1)) << "brackets in a string do not count";
}

// As recorded from the original (sigex-kz/ncalayer-js-client, test data).
TEST(Protocol, PositionalAnswers) {
  const Request plain = request_of("{}");
  EXPECT_EQ(positional::success(plain, Json::array({"AKKaztokenStore"})),
            R"({"responseObject":["AKKaztokenStore"],"code":"200"})");
  EXPECT_EQ(positional::done(plain), R"({"code":"200"})");
  EXPECT_EQ(positional::cancelled(plain), R"({"code":"500","message":"action.canceled"})");
  EXPECT_EQ(positional::error(plain), R"({"code":"500"})");
  EXPECT_EQ(positional::done(request_of(R"({"uuid":"u-1"})")), R"({"code":"200","uuid":"u-1"})");
}

TEST(Protocol, NamedAnswers) {
  EXPECT_EQ(named::success(Json::array({"x"})), R"({"body":{"result":["x"]},"status":true})");
  EXPECT_EQ(named::cancelled(), R"({"body":{},"status":true})");
  EXPECT_EQ(named::error("GENERAL_ERROR", "d"),
            R"({"code":"GENERAL_ERROR","details":"d","message":"General error.","status":false})");
}

TEST(Protocol, FlagsComeAsStringsToo) {
  EXPECT_EQ(as_flag(true), true);
  EXPECT_EQ(as_flag("true"), true);
  EXPECT_EQ(as_flag("false"), false);
  EXPECT_EQ(as_flag("yes"), std::nullopt);
  EXPECT_EQ(as_flag(7), std::nullopt);
  const Json object{{"a", "true"}, {"b", nullptr}};
  EXPECT_TRUE(flag_of(object, "a", false));
  EXPECT_TRUE(flag_of(object, "b", true));
  EXPECT_THROW(static_cast<void>(flag_of({{"c", 5}}, "c", true)), Refused);
}

TEST(Protocol, Base64) {
  EXPECT_EQ(from_base64("dGVzdA=="), tool::to_bytes("test"));
  EXPECT_EQ(from_base64("dGVz\r\ndA=="), tool::to_bytes("test"));
  EXPECT_EQ(from_base64(""), Bytes{});
  for (const char* bad : {"dGVzdA", "dGVzdA=", "dGVz*A==", "dGVzdA==dGVz", "====", "d", "-----"})
    EXPECT_EQ(from_base64(bad), std::nullopt) << bad;
  EXPECT_EQ(to_base64(tool::to_bytes("test")), "dGVzdA==");
}

TEST(Protocol, AnswersAreUtf8WhateverIsInThem) {
  EXPECT_EQ(to_text({{"a", "\xFF"}}), "{\"a\":\"\xEF\xBF\xBD\"}");
}

}  // namespace
}  // namespace kilt::bridge::test
