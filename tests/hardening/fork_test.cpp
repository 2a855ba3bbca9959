// Point 22: fork without exec, while other threads are inside the module; child and grandchild do
// whatever a child may do.
#include <atomic>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "apdu/trace.h"
#include "tests/hardening/pcsc_module_test.h"
#include "tests/support/sanitizer.h"

namespace kilt::test {
namespace {

using namespace std::chrono_literals;

class Fork : public PcscModuleTest {
 protected:
  void SetUp() override {
    PcscModuleTest::SetUp();
    ASSERT_EQ(CKR_OK, C_Initialize(nullptr));
    CK_ULONG count = 0;
    ASSERT_EQ(CKR_OK, C_GetSlotList(CK_TRUE, nullptr, &count));
    ASSERT_EQ(CKR_OK,
              C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session_));
    ASSERT_EQ(CKR_OK, log_in(session_, CKU_USER, kUserPin));
  }
  /// Runs `work` in a child; its exit status, or -1 if it hung or crashed.
  template <typename Work>
  static int in_child(Work work) {
    const pid_t pid = fork();
    if (pid == 0) {
      alarm(20);
      _exit(work());
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  CK_RV random() const {
    Bytes bytes(8);
    return C_GenerateRandom(session_, bytes.data(), bytes.size());
  }
  CK_SESSION_HANDLE session_ = 0;
};

TEST_F(Fork, ChildIsNotInitialised) {
  EXPECT_EQ(0, in_child([&] {
              CK_INFO info{};
              if (C_GetInfo(&info) != CKR_CRYPTOKI_NOT_INITIALIZED) return 1;
              if (random() != CKR_CRYPTOKI_NOT_INITIALIZED) return 2;
              if (C_Finalize(nullptr) != CKR_CRYPTOKI_NOT_INITIALIZED) return 3;
              return 0;
            }));
  EXPECT_EQ(CKR_OK, random()) << "the parent goes on";
}

TEST_F(Fork, ChildThatDoesNothingClosesNothing) {
  EXPECT_EQ(0, in_child([] { return 0; }));
  const pid_t pid = fork();
  if (pid == 0) exit(0);  // with handlers and destructors
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_EQ(0, WEXITSTATUS(status));
  EXPECT_EQ(CKR_OK, random());
}

// The SCard functions of the child are those of its copy of the fake service: enough to see that
// nothing inherited is touched.
int child_signs() {
  FakePcsc::count_from_now();
  if (C_Initialize(nullptr) != CKR_OK) return 1;
  for (const std::string& name : FakePcsc::call_names())
    if (name == "SCardDisconnect" || name == "SCardReleaseContext") return 2;
  CK_ULONG count = 0;
  if (C_GetSlotList(CK_TRUE, nullptr, &count) != CKR_OK || count != 1) return 3;
  CK_SESSION_HANDLE session = 0;
  if (C_OpenSession(0, CKF_SERIAL_SESSION, nullptr, nullptr, &session) != CKR_OK) return 4;
  if (log_in(session, CKU_USER, kUserPin) != CKR_OK) return 5;
  CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
  CK_ATTRIBUTE wanted{CKA_CLASS, &object_class, sizeof object_class};
  CK_OBJECT_HANDLE key = 0;
  if (C_FindObjectsInit(session, &wanted, 1) != CKR_OK) return 6;
  if (C_FindObjects(session, &key, 1, &count) != CKR_OK || count != 1) return 7;
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  if (C_FindObjectsFinal(session) != CKR_OK) return 8;
  if (C_SignInit(session, &mechanism, key) != CKR_OK) return 9;
  Bytes data(20, 7), signature(128);
  CK_ULONG size = signature.size();
  if (C_Sign(session, data.data(), data.size(), signature.data(), &size) != CKR_OK) return 10;
  return C_Finalize(nullptr) == CKR_OK ? 0 : 11;
}

TEST_F(Fork, ChildInitialisesAndSigns) {
  EXPECT_EQ(0, in_child(child_signs));
  EXPECT_EQ(CKR_OK, random());
}

TEST_F(Fork, GrandchildToo) {
  EXPECT_EQ(0, in_child([] {
              CK_INFO info{};
              if (C_GetInfo(&info) != CKR_CRYPTOKI_NOT_INITIALIZED) return 1;
              if (in_child(child_signs) != 0) return 2;
              if (C_Initialize(nullptr) != CKR_OK) return 3;
              if (in_child(child_signs) != 0) return 4;
              return C_GetInfo(&info) == CKR_OK ? 0 : 5;
            }));
}

TEST_F(Fork, FromAThreadWhileOthersWork) {
  if (kThreadSanitizer) GTEST_SKIP() << "ThreadSanitizer does not follow a fork of many threads";
  // Its allocator's lock, held by a thread that the child has not, is never opened again.
  if (kAddressSanitizer)
    GTEST_SKIP()
        << "AddressSanitizer's allocator does not survive it; tests/run does it in release";
  apdu::set_trace_sink([](const std::string&) {});
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      while (!stop) {
        CK_SESSION_HANDLE own = 0;
        if (C_OpenSession(0, CKF_SERIAL_SESSION, nullptr, nullptr, &own) != CKR_OK) continue;
        Bytes bytes(8);
        C_GenerateRandom(own, bytes.data(), bytes.size());
        C_CloseSession(own);
      }
    });
  std::vector<int> results;
  // The child does not look at the fake's world: its mutex may be held by a thread that is gone.
  for (int i = 0; i < 20; ++i) {
    results.push_back(in_child([&] {
      CK_INFO info{};
      if (C_GetInfo(&info) != CKR_CRYPTOKI_NOT_INITIALIZED) return 1;
      if (C_Initialize(nullptr) != CKR_OK) return 2;
      if (C_GetInfo(&info) != CKR_OK) return 3;
      return 0;
    }));
    std::this_thread::sleep_for(2ms);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  apdu::set_trace_sink({});
  for (const int result : results) EXPECT_EQ(0, result);
  EXPECT_EQ(CKR_OK, random());
}

}  // namespace
}  // namespace kilt::test
