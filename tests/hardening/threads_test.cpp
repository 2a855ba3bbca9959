// Points 22, 25, 28 of threads: many on one session and on their own, several tokens at once, waits
// that end, finalisation under load.
#include <atomic>
#include <thread>

#include "tests/hardening/pcsc_module_test.h"

namespace kilt::test {
namespace {

using namespace std::chrono_literals;

constexpr int kThreads = 64;

class Threads : public PcscModuleTest {
 protected:
  void SetUp() override {
    PcscModuleTest::SetUp();
    apdu::set_patience(20s);
  }
  static void start() {
    ASSERT_EQ(CKR_OK, C_Initialize(nullptr));
    CK_ULONG count = 0;
    ASSERT_EQ(CKR_OK, C_GetSlotList(CK_TRUE, nullptr, &count));
  }
  static CK_SESSION_HANDLE open(CK_SLOT_ID slot = 0) {
    CK_SESSION_HANDLE session = 0;
    EXPECT_EQ(CKR_OK,
              C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session));
    return session;
  }
  static CK_OBJECT_HANDLE find_key(CK_SESSION_HANDLE session) {
    CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted{CKA_CLASS, &object_class, sizeof object_class};
    CK_OBJECT_HANDLE key = 0;
    CK_ULONG count = 0;
    EXPECT_EQ(CKR_OK, C_FindObjectsInit(session, &wanted, 1));
    EXPECT_EQ(CKR_OK, C_FindObjects(session, &key, 1, &count));
    EXPECT_EQ(CKR_OK, C_FindObjectsFinal(session));
    return key;
  }
  static CK_RV sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key) {
    CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
    const CK_RV rv = C_SignInit(session, &mechanism, key);
    if (rv != CKR_OK) return rv;
    Bytes data(20, 7), signature(128);
    CK_ULONG size = signature.size();
    return C_Sign(session, data.data(), data.size(), signature.data(), &size);
  }
  template <typename Work>
  static void in_threads(int count, Work work) {
    std::vector<std::thread> threads;
    threads.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) threads.emplace_back(work, i);
    for (std::thread& thread : threads) thread.join();
  }
};

TEST_F(Threads, EachWithItsOwnSession) {
  start();
  const CK_SESSION_HANDLE main = open();
  ASSERT_EQ(CKR_OK, log_in(main, CKU_USER, kUserPin));
  std::atomic<int> signatures = 0;
  in_threads(kThreads, [&](int) {
    const CK_SESSION_HANDLE session = open();
    const CK_OBJECT_HANDLE key = find_key(session);
    for (int i = 0; i < 3; ++i)
      if (sign(session, key) == CKR_OK) ++signatures;
    EXPECT_EQ(CKR_OK, C_CloseSession(session));
  });
  EXPECT_EQ(3 * kThreads, signatures);
  EXPECT_EQ(1U, verifies(*card_));
}

TEST_F(Threads, AllOnOneSession) {
  start();
  const CK_SESSION_HANDLE session = open();
  ASSERT_EQ(CKR_OK, log_in(session, CKU_USER, kUserPin));
  const CK_OBJECT_HANDLE key = find_key(session);
  std::atomic<int> signatures = 0;
  // One operation per session: most are refused, none crashes, some get through.
  in_threads(kThreads, [&](int) {
    for (int i = 0; i < 5; ++i) {
      const CK_RV rv = sign(session, key);
      if (rv == CKR_OK)
        ++signatures;
      else
        EXPECT_TRUE(rv == CKR_OPERATION_ACTIVE || rv == CKR_OPERATION_NOT_INITIALIZED) << rv;
    }
  });
  EXPECT_GT(signatures, 0);
}

TEST_F(Threads, LoginRaceSendsOnePin) {
  start();
  const CK_SESSION_HANDLE session = open();
  std::atomic<int> winners = 0;
  in_threads(kThreads, [&](int) {
    const CK_RV rv = log_in(session, CKU_USER, kUserPin);
    if (rv == CKR_OK)
      ++winners;
    else
      EXPECT_EQ(CKR_USER_ALREADY_LOGGED_IN, rv);
  });
  EXPECT_EQ(1, winners);
  EXPECT_EQ(1U, verifies(*card_));
}

TEST_F(Threads, FiveTokensAtOnce) {
  for (int i = 1; i < 5; ++i) {
    const std::string name = "reader " + std::to_string(i);
    FakePcsc::add_reader(name);
    plug(name);
  }
  start();
  std::atomic<int> signatures = 0;
  in_threads(5, [&](int i) {
    const CK_SESSION_HANDLE session = open(static_cast<CK_SLOT_ID>(i));
    EXPECT_EQ(CKR_OK, log_in(session, CKU_USER, kUserPin));
    const CK_OBJECT_HANDLE key = find_key(session);
    for (int n = 0; n < 20; ++n)
      if (sign(session, key) == CKR_OK) ++signatures;
    EXPECT_EQ(CKR_OK, C_CloseAllSessions(static_cast<CK_SLOT_ID>(i)));
  });
  EXPECT_EQ(100, signatures);
}

TEST_F(Threads, FinalizeWakesEveryWaiter) {
  start();
  std::atomic<int> woken = 0;
  std::thread finalizer([&] {
    while (!FakePcsc::somebody_waits()) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(20ms);
    EXPECT_EQ(CKR_OK, C_Finalize(nullptr));
  });
  const auto begin = std::chrono::steady_clock::now();
  in_threads(4, [&](int) {
    CK_SLOT_ID slot = 0;
    const CK_RV rv = C_WaitForSlotEvent(0, &slot, nullptr);
    EXPECT_EQ(CKR_CRYPTOKI_NOT_INITIALIZED, rv);
    ++woken;
  });
  finalizer.join();
  EXPECT_EQ(4, woken);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
}

TEST_F(Threads, EventsOfTokensComingAndGoing) {
  start();
  CK_SLOT_ID slot = 99;
  EXPECT_EQ(CKR_NO_EVENT, C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, nullptr));
  FakePcsc::insert(kPcscReader, nullptr);
  EXPECT_EQ(CKR_OK, C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, nullptr));
  EXPECT_EQ(0U, slot);
  EXPECT_EQ(CKR_NO_EVENT, C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, nullptr));
  std::thread later([&] {
    std::this_thread::sleep_for(30ms);
    FakePcsc::add_reader("new");
    plug("new");
  });
  EXPECT_EQ(CKR_OK, C_WaitForSlotEvent(0, &slot, nullptr));
  later.join();
  EXPECT_EQ(1U, slot) << "a new reader is a new slot";
}

TEST_F(Threads, FinalizeUnderLoad) {
  for (int round = 0; round < 5; ++round) {
    start();
    const CK_SESSION_HANDLE session = open();
    ASSERT_EQ(CKR_OK, log_in(session, CKU_USER, kUserPin));
    std::atomic<bool> stop = false;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        while (!stop) {
          CK_SESSION_HANDLE own = 0;
          if (C_OpenSession(0, CKF_SERIAL_SESSION, nullptr, nullptr, &own) != CKR_OK) continue;
          Bytes random(16);
          C_GenerateRandom(own, random.data(), random.size());
          CK_OBJECT_HANDLE key = 0;
          CK_ULONG count = 0;
          if (C_FindObjectsInit(own, nullptr, 0) == CKR_OK) {
            C_FindObjects(own, &key, 1, &count);
            C_FindObjectsFinal(own);
          }
          sign(own, key);
          C_CloseSession(own);
        }
      });
    std::this_thread::sleep_for(30ms);
    EXPECT_EQ(CKR_OK, C_Finalize(nullptr));
    std::this_thread::sleep_for(5ms);
    stop = true;
    for (std::thread& thread : threads) thread.join();
    C_Finalize(nullptr);
  }
}

TEST_F(Threads, TokensComeAndGoUnderLoad) {
  start();
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&] {
      while (!stop) {
        CK_SESSION_HANDLE session = 0;
        if (C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session) !=
            CKR_OK)
          continue;
        log_in(session, CKU_USER, kUserPin);
        CK_SLOT_INFO info{};
        C_GetSlotInfo(0, &info);
        Bytes random(16);
        C_GenerateRandom(session, random.data(), random.size());
        C_CloseSession(session);
      }
    });
  for (int i = 0; i < 60; ++i) {
    FakePcsc::insert(kPcscReader, nullptr);
    std::this_thread::sleep_for(1ms);
    FakePcsc::insert(kPcscReader, card_);
    std::this_thread::sleep_for(2ms);
    if (i % 10 == 0) FakePcsc::reset_by_other(kPcscReader);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(5U, tries_left(*card_));
}

}  // namespace
}  // namespace kilt::test
