// Modules that are none, that hang, that lie.
#include <chrono>
#include <filesystem>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/delegate/source.h"
#include "drivers/delegate/token.h"
#include "drivers/errors.h"
#include "tests/support/fuzz_driver.h"
#include "tests/support/lying_module.h"

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
  EXPECT_THAT(reason(rule(KILT_NOT_A_MODULE)), testing::HasSubstr("no PKCS#11 module"));
}

TEST(DelegateModule, OneThatHangsIsGivenUpOnce) {
  Rule hanging = rule(KILT_HANGING_MODULE);
  hanging.patience = std::chrono::milliseconds(200);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(reason(hanging), testing::HasSubstr("did not start within 200 ms"));
  EXPECT_THAT(reason(hanging), testing::HasSubstr("did not start within 200 ms"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(DelegateTransport, AnAbsentModuleIsNoReader) {
  const auto transport = delegate::make_module_transport(rule("/nonexistent/module.so"));
  EXPECT_THAT(transport->readers(), IsEmpty());
  EXPECT_ANY_THROW((void)transport->connect("anything"));
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
    *count = 1UL << 62;
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

// Any lie ends in one of this project's errors; under the sanitizers this is more than it looks.
TEST(DelegateModule, LiesAreSurvived) {
  std::mt19937 generator(20240601);
  for (int run = 0; run < 300; ++run) {
    Bytes bytes(4096);
    for (Byte& byte : bytes)
      byte = static_cast<Byte>(run % 3 == 0 ? generator() & 0x0F : generator());
    FuzzInput input(bytes);
    lies() = &input;
    DelegateToken token(Module::adopt(lying_functions()), 0);
    try {
      use_token(token, static_cast<Byte>(run));
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): the only kind that may come out
    }
  }
}

}  // namespace
}  // namespace kilt::test
