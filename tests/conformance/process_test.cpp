// Threads, fork() and tokens that come and go (PKCS#11 v3.2, 5.4.1; usage guide, "Applications and
// processes").
#include <atomic>
#include <cstdlib>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/conformance/fixtures.h"

namespace kilt::conformance {
namespace {

constexpr int kThreads = 16;

template <typename Work>
void in_threads(Work work) {
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

class Threads : public ::testing::Test {
 protected:
  void SetUp() override {
    CK_C_INITIALIZE_ARGS arguments{};
    arguments.flags = CKF_OS_LOCKING_OK;
    ASSERT_EQ(CKR_OK, p11().C_Initialize(&arguments));
    slot_ = test_slot();
  }
  void TearDown() override { p11().C_Finalize(nullptr); }
  CK_SESSION_HANDLE open() {
    CK_SESSION_HANDLE session = 0;
    EXPECT_EQ(CKR_OK, p11().C_OpenSession(slot_, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr,
                                          nullptr, &session));
    return session;
  }
  /// 1 if it went as it must, whatever the others do.
  int one_of_everything(unsigned which, CK_SESSION_HANDLE own, CK_SESSION_HANDLE shared,
                        const std::optional<Pair>& pair) {
    CK_SESSION_INFO session{};
    CK_TOKEN_INFO token{};
    CK_ULONG count = 0;
    CK_SESSION_HANDLE other = 0;
    Bytes random(32);
    switch (which % 8) {
      case 0:
        return p11().C_GetTokenInfo(slot_, &token) == CKR_OK ? 1 : 0;
      case 1:
        return p11().C_GetSlotList(CK_TRUE, nullptr, &count) == CKR_OK && count > 0 ? 1 : 0;
      case 2:
        return p11().C_GetSessionInfo(shared, &session) == CKR_OK ? 1 : 0;
      case 3:
        find(own, {});
        return 1;
      case 4:
        return !pair || number(own, pair->private_key, CKA_KEY_TYPE) == CKK_RSA ? 1 : 0;
      case 5:
        return p11().C_OpenSession(slot_, CKF_SERIAL_SESSION, nullptr, nullptr, &other) == CKR_OK &&
                       p11().C_CloseSession(other) == CKR_OK
                   ? 1
                   : 0;
      case 6:
        return p11().C_GetMechanismList(slot_, nullptr, &count) == CKR_OK && count > 0 ? 1 : 0;
      default:
        p11().C_GenerateRandom(own, random.data(), random.size());  // a token may have none
        return login(shared, CKU_USER, options().pin) == CKR_USER_ALREADY_LOGGED_IN ? 1 : 0;
    }
  }
  CK_SLOT_ID slot_ = 0;
};

TEST_F(Threads, SessionsOfTheirOwn) {
  std::atomic<int> done = 0;
  in_threads([&] {
    for (int i = 0; i < 5; ++i) {
      const CK_SESSION_HANDLE session = open();
      if (!find(session, {}).empty()) ++done;
      EXPECT_EQ(CKR_OK, p11().C_CloseSession(session));
    }
  });
  EXPECT_TRUE(done == 5 * kThreads || done == 0) << "all see the same";
}

TEST_F(Threads, OneLoginWins) {
  const CK_SESSION_HANDLE keep = open();
  std::atomic<int> won = 0, late = 0;
  in_threads([&] {
    const CK_RV rv = login(keep, CKU_USER, options().pin);
    if (rv == CKR_OK) ++won;
    if (rv == CKR_USER_ALREADY_LOGGED_IN) ++late;
  });
  EXPECT_EQ(1, won);
  EXPECT_EQ(kThreads - 1, late);
}

TEST_F(Threads, SignaturesSideBySide) {
  const CK_SESSION_HANDLE session = open();
  ASSERT_EQ(CKR_OK, login(session, CKU_USER, options().pin));
  const auto pair = key_pair(session, CKK_RSA);
  if (!pair || !can(CKM_SHA256_RSA_PKCS, CKF_SIGN)) GTEST_SKIP() << "no RSA key to sign with";
  if (flag(session, pair->private_key, CKA_ALWAYS_AUTHENTICATE).value_or(false))
    GTEST_SKIP() << "every signature wants the PIN";
  std::atomic<int> good = 0;
  in_threads([&] {
    const CK_SESSION_HANDLE own = open();
    CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
    Bytes data(20, 7), signature(1024);
    CK_ULONG size = signature.size();
    if (p11().C_SignInit(own, &mechanism, pair->private_key) == CKR_OK &&
        p11().C_Sign(own, data.data(), data.size(), signature.data(), &size) == CKR_OK)
      ++good;
  });
  EXPECT_EQ(kThreads, good);
}

TEST_F(Threads, DigestsDoNotMix) {
  if (!can(CKM_SHA256, CKF_DIGEST)) GTEST_SKIP() << "no SHA-256 digest";
  std::atomic<int> good = 0;
  Bytes expected;
  const auto digest = [&] {
    CK_MECHANISM mechanism{CKM_SHA256, nullptr, 0};
    Bytes data(5000, 3), value(32);
    CK_ULONG size = value.size();
    const CK_SESSION_HANDLE own = open();
    p11().C_DigestInit(own, &mechanism);
    for (std::size_t at = 0; at < data.size(); at += 100)
      p11().C_DigestUpdate(own, data.data() + at, 100);
    p11().C_DigestFinal(own, value.data(), &size);
    return value;
  };
  expected = digest();
  in_threads([&] {
    if (digest() == expected) ++good;
  });
  EXPECT_EQ(kThreads, good);
}

TEST_F(Threads, EverythingAtOnce) {
  const CK_SESSION_HANDLE keep = open();
  ASSERT_EQ(CKR_OK, login(keep, CKU_USER, options().pin));
  const auto pair = key_pair(keep, CKK_RSA);
  std::atomic<unsigned> next = 0;
  std::atomic<int> good = 0;
  in_threads([&] {
    // Each begins elsewhere, so that no two do the same for long.
    const unsigned first = next++;
    const CK_SESSION_HANDLE own = open();
    for (unsigned i = first; i < first + 24; ++i) good += one_of_everything(i, own, keep, pair);
    EXPECT_EQ(CKR_OK, p11().C_CloseSession(own));
  });
  EXPECT_EQ(kThreads * 24, good);
}

TEST_F(Threads, FinalizeEndsAWait) {
  CK_SLOT_ID old = 0;  // what is still to be told
  for (int i = 0; i < 16; ++i) p11().C_WaitForSlotEvent(CKF_DONT_BLOCK, &old, nullptr);
  std::atomic<CK_RV> rv = CKR_OK;
  std::thread waiting([&] {
    CK_SLOT_ID slot = 0;
    rv = p11().C_WaitForSlotEvent(0, &slot, nullptr);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(CKR_OK, p11().C_Finalize(nullptr));
  waiting.join();
  if (rv == CKR_FUNCTION_NOT_SUPPORTED) GTEST_SKIP() << "no C_WaitForSlotEvent that blocks";
  EXPECT_EQ(CKR_CRYPTOKI_NOT_INITIALIZED, rv);
}

class Fork : public LoggedIn {
 protected:
  /// Runs the work in a child; its number, -1 if it did not end by itself.
  template <typename Work>
  static int in_child(Work work) {
    const pid_t pid = fork();
    if (pid == 0) _exit(work());
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
};

TEST_F(Fork, ChildMustInitialise) {
  EXPECT_EQ(0, in_child([&] {
              CK_INFO info{};
              return p11().C_GetInfo(&info) == CKR_CRYPTOKI_NOT_INITIALIZED ? 0 : 1;
            }));
}

TEST_F(Fork, ChildStartsAnewAndLogsIn) {
  EXPECT_EQ(0, in_child([&] {
              if (p11().C_Initialize(nullptr) != CKR_OK) return 1;
              CK_SESSION_HANDLE session = 0;
              if (p11().C_OpenSession(test_slot(), CKF_SERIAL_SESSION, nullptr, nullptr,
                                      &session) != CKR_OK)
                return 2;
              if (login(session, CKU_USER, options().pin) != CKR_OK) return 3;
              return p11().C_Finalize(nullptr) == CKR_OK ? 0 : 4;
            }));
}

// As libp11 and pkcs11-provider do it in the workers of a server.
TEST_F(Fork, ChildUsesTheParentsSlotId) {
  EXPECT_EQ(
      0, in_child([&] {
        if (p11().C_Initialize(nullptr) != CKR_OK) return 1;
        CK_SESSION_HANDLE session = 0;
        if (p11().C_OpenSession(slot_, CKF_SERIAL_SESSION, nullptr, nullptr, &session) != CKR_OK)
          return 2;
        return login(session, CKU_USER, options().pin) == CKR_OK ? 0 : 3;
      }));
}

TEST_F(Fork, TheChildsEndIsNotTheEndOfTheParentsLogin) {
  const auto pair = key_pair(session_, CKK_RSA);
  if (!pair || !can(CKM_SHA256_RSA_PKCS, CKF_SIGN)) GTEST_SKIP() << "no RSA key to sign with";
  if (flag(session_, pair->private_key, CKA_ALWAYS_AUTHENTICATE).value_or(false))
    GTEST_SKIP() << "every signature wants the PIN";
  const auto sign = [&] {
    CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
    Bytes data(20, 7), signature(1024);
    CK_ULONG size = signature.size();
    const CK_RV rv = p11().C_SignInit(session_, &mechanism, pair->private_key);
    if (rv != CKR_OK) return rv;
    return p11().C_Sign(session_, data.data(), data.size(), signature.data(), &size);
  };
  ASSERT_EQ(CKR_OK, sign());
  for (const char how : {'o', 'c', 'f', 'x'}) {
    EXPECT_EQ(0, in_child([&] {
                if (p11().C_Initialize(nullptr) != CKR_OK) return 1;
                CK_SESSION_HANDLE session = 0;
                if (p11().C_OpenSession(test_slot(), CKF_SERIAL_SESSION, nullptr, nullptr,
                                        &session) != CKR_OK)
                  return 2;
                if (login(session, CKU_USER, options().pin) != CKR_OK) return 3;
                if (how == 'o' && p11().C_Logout(session) != CKR_OK) return 4;
                if (how == 'c' && p11().C_CloseSession(session) != CKR_OK) return 5;
                if (how == 'f' && p11().C_Finalize(nullptr) != CKR_OK) return 6;
                return 0;
              }));
    EXPECT_EQ(CKR_OK, sign()) << "after a child's end: " << how;
    EXPECT_EQ(CKS_RW_USER_FUNCTIONS, state(session_)) << how;
  }
}

TEST_F(Fork, ParentGoesOn) {
  in_child([] { return 0; });
  EXPECT_EQ(CKS_RW_USER_FUNCTIONS, state(session_));
  EXPECT_FALSE(find(session_, {}).size() > 4096);
}

class HotPlug : public LoggedIn {
 protected:
  void SetUp() override {
    if (options().remove_command.empty()) GTEST_SKIP() << "no --remove and --insert";
    LoggedIn::SetUp();
  }
  void TearDown() override {
    if (removed_) insert();
    LoggedIn::TearDown();
  }
  static void run(const std::string& command) {
    ASSERT_EQ(0, std::system(command.c_str())) << command;  // NOLINT: the caller's own command
  }
  void remove() {
    run(options().remove_command);
    removed_ = true;
  }
  void insert() {
    run(options().insert_command);
    removed_ = false;
  }
  bool present() {
    CK_ULONG count = 0;
    p11().C_GetSlotList(CK_FALSE, nullptr, &count);
    CK_SLOT_INFO info{};
    return p11().C_GetSlotInfo(slot_, &info) == CKR_OK && (info.flags & CKF_TOKEN_PRESENT) != 0;
  }
  /// Within some seconds.
  bool becomes(bool expected) {
    for (int i = 0; i < 100 && present() != expected; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return present() == expected;
  }
  bool removed_ = false;
};

TEST_F(HotPlug, RemovalEndsSessions) {
  remove();
  ASSERT_TRUE(becomes(false));
  CK_SESSION_INFO info{};
  EXPECT_TRUE(is_one_of(p11().C_GetSessionInfo(session_, &info),
                        {CKR_SESSION_HANDLE_INVALID, CKR_DEVICE_REMOVED}));
  CK_TOKEN_INFO token{};
  EXPECT_EQ(CKR_TOKEN_NOT_PRESENT, p11().C_GetTokenInfo(slot_, &token));
}

TEST_F(HotPlug, BackInTheSameSlotAndLoggedOut) {
  remove();
  ASSERT_TRUE(becomes(false));
  insert();
  ASSERT_TRUE(becomes(true));
  const CK_SESSION_HANDLE session = open();
  EXPECT_EQ(CKS_RW_PUBLIC_SESSION, state(session));
  EXPECT_EQ(CKR_OK, login(session, CKU_USER, options().pin));
}

TEST_F(HotPlug, RemovalIsAnEvent) {
  CK_SLOT_ID slot = ~0UL;
  while (p11().C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, nullptr) == CKR_OK) continue;
  remove();
  ASSERT_TRUE(becomes(false));
  slot = ~0UL;
  EXPECT_EQ(CKR_OK, p11().C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, nullptr));
  EXPECT_EQ(slot_, slot);
}

TEST_F(HotPlug, RemovalWhileThreadsWork) {
  std::atomic<bool> stop = false;
  std::atomic<unsigned> calls = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      while (!stop) {
        CK_SESSION_HANDLE own = 0;
        CK_TOKEN_INFO token{};
        p11().C_GetTokenInfo(slot_, &token);
        ++calls;
        if (p11().C_OpenSession(slot_, CKF_SERIAL_SESSION, nullptr, nullptr, &own) != CKR_OK)
          continue;
        attribute(own, 1, CKA_CLASS);  // of whichever object, if it is there
        p11().C_CloseSession(own);
      }
    });
  for (int i = 0; i < 3; ++i) {
    remove();
    EXPECT_TRUE(becomes(false));
    insert();
    EXPECT_TRUE(becomes(true));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(calls, 0U);
  const CK_SESSION_HANDLE session = open();
  EXPECT_EQ(CKR_OK, login(session, CKU_USER, options().pin));
}

}  // namespace
}  // namespace kilt::conformance
