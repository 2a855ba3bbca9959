#include "tools/commands/pin_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/terminal/failure.h"

namespace kilt::tool {
namespace {

Secret pin(std::string_view text) { return Secret(view(text)); }

template <typename Call>
Kind kind_of(Call call) {
  try {
    call();
  } catch (const Failure& failure) {
    return failure.kind();
  }
  return Kind::kInternal;
}

const std::vector<FactoryPinValue> kPins{{"factory", Role::kUser, "12345678"},
                                         {"factory", Role::kSo, "87654321"},
                                         {"nca", Role::kUser, "1234567890"}};

TEST(PinPolicy, TrivialPins) {
  for (const char* text : {"1", "000000", "123456", "654321", "890123", "121212", "123123123",
                           "abcabc", "qwerty", "PassWord", "abcdef", "aaaaaaaa"})
    EXPECT_TRUE(trivial_reason(pin(text))) << text;
  for (const char* text : {"739182", "112358", "Kq7-x2", "194705", "12345768"})
    EXPECT_FALSE(trivial_reason(pin(text))) << text;
}

TEST(PinPolicy, NewPins) {
  const auto set = [&](std::string_view text, bool weak = false, const Secret* old = nullptr) {
    return kind_of([&] { check_new_pin(pin(text), old, 6, 8, kPins, weak); });
  };
  EXPECT_EQ(Kind::kInternal, set("739182")) << "taken";
  EXPECT_EQ(Kind::kBadInput, set(""));
  EXPECT_EQ(Kind::kBadInput, set("73918"));
  EXPECT_EQ(Kind::kBadInput, set("739182739"));
  EXPECT_EQ(Kind::kRefused, set("12345678"));
  EXPECT_EQ(Kind::kRefused, set("87654321")) << "the SO's factory PIN is no good PIN either";
  EXPECT_EQ(Kind::kRefused, set("111111"));
  EXPECT_EQ(Kind::kInternal, set("12345678", true)) << "on wish";
  EXPECT_EQ(Kind::kBadInput, set("12345", true)) << "but never too short";
  const Secret old = pin("739182");
  EXPECT_EQ(Kind::kRefused, set("739182", false, &old));
}

TokenStatus with_tries_left(unsigned long count) {
  TokenStatus status;
  status.user.tries_left = count;
  status.user.last_try = count == 1;
  return status;
}

TEST(PinPolicy, LastTry) {
  EXPECT_NO_THROW(check_tries(with_tries_left(2), Role::kUser, false));
  TokenStatus status = with_tries_left(1);
  EXPECT_EQ(Kind::kPinBlocked, kind_of([&] { check_tries(status, Role::kUser, false); }));
  EXPECT_NO_THROW(check_tries(status, Role::kUser, true));
  EXPECT_NO_THROW(check_tries(status, Role::kSo, false)) << "the other PIN has its own";
  status.user.locked = true;
  EXPECT_EQ(Kind::kPinBlocked, kind_of([&] { check_tries(status, Role::kUser, true); }));
}

TEST(PinPolicy, BlockedPinAdvisesOnlyWhatTheTokenCan) {
  TokenStatus status;
  EXPECT_THAT(blocked_pin(status, Role::kUser).advice(), testing::HasSubstr("kilt pin unblock"));
  EXPECT_THAT(blocked_pin(status, Role::kSo).advice(), testing::HasSubstr("kilt init"));
  status.functions["unblock-pin"] = {"unavailable", ""};
  status.functions["init-token"] = {"unavailable", ""};
  EXPECT_THAT(blocked_pin(status, Role::kUser).advice(),
              testing::Not(testing::HasSubstr("kilt pin unblock")));
  EXPECT_EQ("", blocked_pin(status, Role::kSo).advice());
}

TEST(PinPolicy, FactoryPinIsNamedWhenThereAreSeveral) {
  const TokenStatus status = with_tries_left(3);
  const auto choose = [&](const std::string& name, Role role = Role::kUser) {
    return choose_factory_pin(kPins, role, name, status, false).value;
  };
  EXPECT_EQ(Kind::kUsage, kind_of([&] { choose(""); }));
  EXPECT_EQ("1234567890", choose("nca"));
  EXPECT_EQ("87654321", choose("", Role::kSo)) << "there is only one";
  EXPECT_EQ(Kind::kUsage, kind_of([&] { choose("other"); }));
}

TEST(PinPolicy, FactoryPinNeedsMoreThanOneTry) {
  const auto choose = [&](const TokenStatus& status, bool last_try) {
    return kind_of([&] { choose_factory_pin(kPins, Role::kUser, "nca", status, last_try); });
  };
  TokenStatus untold;
  untold.user.untold = true;
  EXPECT_EQ(Kind::kPinBlocked, choose(untold, false)) << "unknown to a module that tells";
  EXPECT_EQ(Kind::kInternal, choose(untold, true));
  TokenStatus flags_only;
  EXPECT_EQ(Kind::kInternal, choose(flags_only, false)) << "another module has flags only";
  flags_only.user.last_try = true;
  EXPECT_EQ(Kind::kPinBlocked, choose(flags_only, false));
}

}  // namespace
}  // namespace kilt::tool
