#include "tools/pin_policy.h"

#include <gtest/gtest.h>

#include "tools/failure.h"

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

TEST(PinPolicy, LastTry) {
  PinState state;
  state.tries_left = 2;
  EXPECT_NO_THROW(check_tries(state, false));
  state.tries_left = 1;
  state.last_try = true;
  EXPECT_EQ(Kind::kPinBlocked, kind_of([&] { check_tries(state, false); }));
  EXPECT_NO_THROW(check_tries(state, true));
  state.locked = true;
  EXPECT_EQ(Kind::kPinBlocked, kind_of([&] { check_tries(state, true); }));
}

TEST(PinPolicy, FactoryPinIsNamedWhenThereAreSeveral) {
  PinState state;
  state.tries_left = 3;
  const auto choose = [&](const std::string& name, Role role = Role::kUser) {
    return choose_factory_pin(kPins, role, name, state, true, false).value;
  };
  EXPECT_EQ(Kind::kUsage, kind_of([&] { choose(""); }));
  EXPECT_EQ("1234567890", choose("nca"));
  EXPECT_EQ("87654321", choose("", Role::kSo)) << "there is only one";
  EXPECT_EQ(Kind::kUsage, kind_of([&] { choose("other"); }));
}

TEST(PinPolicy, FactoryPinNeedsMoreThanOneTry) {
  const auto choose = [&](const PinState& state, bool known, bool last_try) {
    return kind_of([&] { choose_factory_pin(kPins, Role::kUser, "nca", state, known, last_try); });
  };
  PinState state;
  EXPECT_EQ(Kind::kPinBlocked, choose(state, true, false)) << "unknown to a module that tells";
  EXPECT_EQ(Kind::kInternal, choose(state, true, true));
  EXPECT_EQ(Kind::kInternal, choose(state, false, false)) << "another module has flags only";
  state.last_try = true;
  EXPECT_EQ(Kind::kPinBlocked, choose(state, false, false));
}

}  // namespace
}  // namespace kilt::tool
