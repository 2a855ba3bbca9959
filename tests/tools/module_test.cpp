// A module that lies about sizes is not believed: no memory by its word, no text past its end, no
// endless loop.
#include "tools/client/module.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/support/paths.h"
#include "tools/client/session.h"
#include "tools/terminal/failure.h"

namespace kilt::tool {
namespace {

class LyingModule : public ::testing::Test {
 protected:
  void SetUp() override { unsetenv("LIE"); }
  void TearDown() override { unsetenv("LIE"); }
  static void tell(const char* lie) { setenv("LIE", lie, 1); }

  template <typename Call>
  static void expect_module_failure(Call call) {
    try {
      call();
      FAIL() << "no failure";
    } catch (const Failure& failure) {
      EXPECT_EQ(Kind::kModule, failure.kind()) << failure.what();
    }
  }

  Module module_{kilt::test::paths::lying_module()};
};

TEST_F(LyingModule, TextsAreCutAndCleaned) {
  const auto slots = module_.slots();
  ASSERT_EQ(1U, slots.size());
  EXPECT_EQ(64U * 3, slots[0].reader.size()) << "each FF byte becomes U+FFFD";
  ASSERT_TRUE(slots[0].token);
  EXPECT_EQ(std::string::npos, slots[0].token->label.find('\x1B'));
}

TEST_F(LyingModule, ImpossibleCounts) {
  tell("slots");
  expect_module_failure([&] { module_.slots(); });
  tell("slots-later");
  expect_module_failure([&] { module_.slots(); });
}

TEST_F(LyingModule, ImpossibleFinds) {
  Session session(module_, 0, Session::Mode::kRead);
  tell("find");
  expect_module_failure([&] { session.find({}); });
  tell("endless");
  EXPECT_EQ(10000U, session.find({}).size()) << "a bounded loop";
}

TEST_F(LyingModule, ImpossibleAttributes) {
  Session session(module_, 0, Session::Mode::kRead);
  EXPECT_EQ(4U, session.read(1, {CKA_ID}).bytes(CKA_ID).size());
  tell("attribute");
  expect_module_failure([&] { session.read(1, {CKA_ID}); });
  tell("attribute-later");
  expect_module_failure([&] { session.read(1, {CKA_ID}); });
}

TEST_F(LyingModule, ImpossibleSignature) {
  Session session(module_, 0, Session::Mode::kRead);
  const Bytes data(32);
  expect_module_failure([&] { session.sign(CKM_RSA_PKCS, 1, false, data); });
}

TEST(ModuleTest, WhatIsNoModule) { EXPECT_THROW(Module("/nonexistent.so"), Failure); }

}  // namespace
}  // namespace kilt::tool
