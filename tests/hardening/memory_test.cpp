// Point 27: the n-th allocation fails; nothing leaks over 10 000 rounds.
#include <fstream>
#include <functional>

#include "tests/hardening/failing_new.h"
#include "tests/hardening/pcsc_module_test.h"
#include "tests/support/sanitizer.h"
#include "tests/support/temporary_folder.h"

namespace kilt::test {
namespace {

std::size_t resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmRSS:", 0) == 0) return std::stoul(line.substr(6));
  return 0;
}

class Memory : public PcscModuleTest {
 protected:
  /// Initialize is a test of its own.
  void every_allocation_after_initialize(const std::function<void()>& before_each = {}) {
    ASSERT_EQ(CKR_OK, scenario().first_error);
    unsigned clean = 0;
    std::size_t n = 1;
    for (; clean < 3 && n < 100000; n += n < 300 ? 1 : 7) {
      card_ = plug(kPcscReader);
      if (before_each) before_each();
      Outcome outcome;
      try {
        outcome = scenario(0, [n] { fail_allocation(n); });
      } catch (const std::bad_alloc&) {  // the test's own allocation, not the module's
        ASSERT_TRUE(allocation_failed());
      }
      const bool failed = allocation_failed();
      fail_allocation(0);
      C_Finalize(nullptr);
      EXPECT_EQ(0U, outcome.wrong) << n;
      if (!failed) {
        EXPECT_EQ(CKR_OK, outcome.first_error) << n;
        ++clean;
      }
      ASSERT_EQ(5U, tries_left(*card_)) << n;
    }
    EXPECT_GT(n, 300U);
    EXPECT_EQ(CKR_OK, scenario().first_error);
  }

  TemporaryFolder folder_;
  const std::filesystem::path cache_ = folder_.path() / "kilt";
};

TEST_F(Memory, EveryAllocationFailsOnce) { every_allocation_after_initialize(); }

TEST_F(Memory, EveryAllocationFailsOnceWithTheDiskCache) {
  std::ofstream(config_) << "[cache]\nenabled = true\n";
  setenv("XDG_CACHE_HOME", folder_.path().c_str(), 1);
  every_allocation_after_initialize([this] { std::filesystem::remove_all(cache_); });
  every_allocation_after_initialize();
  EXPECT_FALSE(std::filesystem::is_empty(cache_));
}

TEST_F(Memory, EveryAllocationOfInitializeFailsOnce) {
  bool failed = true;
  for (std::size_t n = 1; failed && n < 100000; n += n < 2000 ? 1 : 7) {
    fail_allocation(n);
    const CK_RV rv = C_Initialize(nullptr);
    failed = allocation_failed();
    fail_allocation(0);
    EXPECT_EQ(failed ? CKR_HOST_MEMORY : CKR_OK, rv) << n;
    // Nothing half made is left behind.
    EXPECT_EQ(rv == CKR_OK ? CKR_OK : CKR_CRYPTOKI_NOT_INITIALIZED, C_Finalize(nullptr)) << n;
  }
  EXPECT_FALSE(failed);
  EXPECT_EQ(CKR_OK, scenario().first_error);
}

TEST_F(Memory, FlatOverTenThousandRounds) {
  if (kAddressSanitizer || kThreadSanitizer) GTEST_SKIP() << "a sanitizer keeps freed memory";
  ASSERT_EQ(CKR_OK, C_Initialize(nullptr));
  CK_ULONG count = 0;
  ASSERT_EQ(CKR_OK, C_GetSlotList(CK_TRUE, nullptr, &count));
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  // Every tenth round signs as well: it is the part that takes its time.
  const auto round = [&](int number) {
    CK_SESSION_HANDLE session = 0;
    ASSERT_EQ(CKR_OK,
              C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session));
    ASSERT_EQ(CKR_OK, log_in(session, CKU_USER, kUserPin));
    if (number % 10 == 0) {
      CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
      CK_ATTRIBUTE wanted{CKA_CLASS, &object_class, sizeof object_class};
      CK_OBJECT_HANDLE key = 0;
      ASSERT_EQ(CKR_OK, C_FindObjectsInit(session, &wanted, 1));
      ASSERT_EQ(CKR_OK, C_FindObjects(session, &key, 1, &count));
      ASSERT_EQ(CKR_OK, C_FindObjectsFinal(session));
      Bytes data(20, 7), signature(128);
      CK_ULONG size = signature.size();
      ASSERT_EQ(CKR_OK, C_SignInit(session, &mechanism, key));
      ASSERT_EQ(CKR_OK, C_Sign(session, data.data(), data.size(), signature.data(), &size));
    }
    ASSERT_EQ(CKR_OK, C_CloseSession(session));
    card_->restart_count();
    FakePcsc::count_from_now();
  };
  for (int i = 0; i < 500; ++i) round(i);
  const std::size_t before = resident_kib();
  for (int i = 0; i < 9500 && !HasFatalFailure(); ++i) round(i);
  const std::size_t after = resident_kib();
  EXPECT_LE(after, before + 512) << "KiB";
}

}  // namespace
}  // namespace kilt::test
