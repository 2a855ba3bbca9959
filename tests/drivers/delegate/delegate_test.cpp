// Modules that are none, that hang, that lie.
#include <chrono>
#include <filesystem>
#include <random>

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "drivers/delegate/source.h"
#include "drivers/delegate/token.h"
#include "drivers/errors.h"
#include "tests/support/lying_module.h"
#include "tests/support/paths.h"

namespace kilt::test {
namespace {

using delegate::DelegateToken;
using delegate::Module;
using delegate::Rule;
using testing::IsEmpty;

Rule rule(const std::string& path) {
  Rule rule;
  rule.module = path;
  return rule;
}

std::string reason(const Rule& rule) {
  try {
    (void)Module::open(rule);
  } catch (const ServiceUnavailable& error) {
    return error.what();
  }
  return {};
}

TEST(DelegateModule, WhatIsNoModule) {
  EXPECT_THAT(reason(rule("libsomething.so")), testing::HasSubstr("not absolute"));
  EXPECT_THAT(reason(rule("")), testing::HasSubstr("not absolute"));
  EXPECT_THAT(reason(rule("/nonexistent/module.so")), testing::HasSubstr("no module"));
  EXPECT_THAT(reason(rule("/usr")), testing::HasSubstr("no module"));
  EXPECT_THAT(reason(rule("/etc/passwd")), testing::HasSubstr("cannot be loaded"));
  EXPECT_THAT(reason(rule(test::paths::not_a_module())), testing::HasSubstr("no PKCS#11 module"));
}

// In no thread of ours: the caller may hold a lock that the module's start needs too.
TEST(DelegateModule, StartsInTheCallersThreadAndASlowStartIsLogged) {
  std::vector<std::string> lines;
  Rule slow = rule(test::paths::slow_module());
  slow.patience = std::chrono::milliseconds(100);
  slow.log = [&](const std::string& line) { lines.push_back(line); };
  const auto module = Module::open(slow);
  void* library = dlopen(test::paths::slow_module(), RTLD_NOW | RTLD_NOLOAD);
  ASSERT_NE(nullptr, library);
  const auto* thread = static_cast<const pid_t*>(dlsym(library, "started_in_thread"));
  ASSERT_NE(nullptr, thread);
  EXPECT_EQ(gettid(), *thread);
  dlclose(library);
  // The first line is there even if the start never ends.
  EXPECT_THAT(lines, testing::ElementsAre(testing::StartsWith("starting the module"),
                                          testing::ContainsRegex("took [0-9]+ ms to start")));
  EXPECT_EQ(module, Module::open(slow)) << "it is started once";
  EXPECT_THAT(lines, testing::SizeIs(2));
}

TEST(DelegateSource, AnAbsentModuleIsNoReader) {
  const auto source = delegate::make_module_source(rule("/nonexistent/module.so"));
  EXPECT_THAT(source->readers(), IsEmpty());
  EXPECT_ANY_THROW((void)source->open("anything"));
}

TEST(DelegateModule, AbsentFunctionsAreNotCalled) {
  CK_FUNCTION_LIST nothing{};
  nothing.version = {2, 40};
  DelegateToken token(Module::adopt(nothing), 0);
  EXPECT_THROW((void)token.info(), NotSupported);
  EXPECT_THROW((void)token.list(), NotSupported);
  EXPECT_THROW(token.login(PinRole::kUser, SecureBytes(Bytes(4, '1'))), NotSupported);
}

TEST(DelegateModule, EmptyPinIsNotSent) {
  CK_FUNCTION_LIST nothing{};
  DelegateToken token(Module::adopt(nothing), 0);
  EXPECT_THROW(token.login(PinRole::kUser, SecureBytes()), PinLength);
}

TEST(DelegateModule, AbsurdNumbersAreRefused) {
  CK_FUNCTION_LIST list = lying_functions();
  list.C_GetSlotList = [](unsigned char, CK_SLOT_ID*, CK_ULONG* count) {
    *count = ~0UL;
    return CK_RV{CKR_OK};
  };
  list.C_GetMechanismList = [](CK_SLOT_ID, CK_MECHANISM_TYPE*, CK_ULONG* count) {
    *count = ~0UL / 4 + 1;
    return CK_RV{CKR_OK};
  };
  list.C_OpenSession = [](CK_SLOT_ID, CK_FLAGS, void*, CK_NOTIFY, CK_SESSION_HANDLE* session) {
    *session = 1;
    return CK_RV{CKR_OK};
  };
  list.C_CloseSession = [](CK_SESSION_HANDLE) { return CK_RV{CKR_OK}; };
  list.C_GetTokenInfo = [](CK_SLOT_ID, CK_TOKEN_INFO* info) {
    *info = {};
    return CK_RV{CKR_OK};
  };
  const auto module = Module::adopt(list);
  EXPECT_THROW((void)module->slots(), MalformedAnswer);
  DelegateToken token(module, 0);
  EXPECT_THROW((void)token.capabilities(), MalformedAnswer);
}

// What such a module says is cut to what the standard has room for, or is one of this project's
// errors. How a whole dialogue with it ends is fuzz:replay_delegate's matter.
TEST(DelegateModule, NoLieIsLongerThanItsPlace) {
  std::mt19937 generator(20240601);
  unsigned told = 0, refused = 0;
  for (int run = 0; run < 300; ++run) {
    Bytes bytes(4096);
    for (Byte& byte : bytes)
      byte = static_cast<Byte>(run % 3 == 0 ? generator() & 0x0F : generator());
    FuzzInput input(bytes);
    lies() = &input;
    DelegateToken token(Module::adopt(lying_functions()), 0);
    try {
      const TokenInfo info = token.info();
      EXPECT_LE(info.label.size(), sizeof CK_TOKEN_INFO{}.label) << run;
      EXPECT_LE(info.serial.size(), sizeof CK_TOKEN_INFO{}.serialNumber) << run;
      EXPECT_LE(info.model.size(), sizeof CK_TOKEN_INFO{}.model) << run;
      const ObjectList list = token.list();
      for (const Key& key : list.keys) EXPECT_LE(key.label.size(), 255U) << run;
      for (const Certificate& one : list.certificates) EXPECT_LE(one.label.size(), 255U) << run;
      ++told;
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_LT(0U, told);
  EXPECT_LT(0U, refused);
}

}  // namespace
}  // namespace kilt::test
