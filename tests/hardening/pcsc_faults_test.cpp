// Points 16, 18, 19: whatever PC/SC says at whatever moment, no crash, no wrong signature, no PIN
// try spent that nobody asked for, and the next run works.
#include "pkcs11/kilt.h"
#include "tests/hardening/pcsc_module_test.h"

namespace kilt::test {
namespace {

class PcscFaults : public PcscModuleTest {
 protected:
  /// Runs the scenario once for each moment, with `disturb(n)` called before.
  template <typename Disturb>
  void at_every_call(Disturb disturb) {
    ASSERT_EQ(CKR_OK, scenario().first_error);
    const unsigned long total = FakePcsc::calls();
    ASSERT_GT(total, 30U);
    for (unsigned long n = 1; n <= total; ++n) {
      SCOPED_TRACE("call " + std::to_string(n));
      FakePcsc::restart_world();
      FakePcsc::add_reader(kPcscReader);
      card_ = plug(kPcscReader);
      disturb(n);
      const Outcome outcome = scenario();
      EXPECT_EQ(0U, outcome.wrong);
      EXPECT_LE(verifies(*card_), outcome.logins);
      EXPECT_EQ(5U, tries_left(*card_));
      C_Finalize(nullptr);
    }
  }
};

class PcscFaultCodes : public PcscFaults, public ::testing::WithParamInterface<LONG> {};

TEST_P(PcscFaultCodes, EveryCallFailsOnce) {
  at_every_call([](unsigned long n) { FakePcsc::fail_call(n, GetParam()); });
}

INSTANTIATE_TEST_SUITE_P(Each, PcscFaultCodes,
                         ::testing::Values(SCARD_W_RESET_CARD, SCARD_W_REMOVED_CARD,
                                           SCARD_W_UNPOWERED_CARD, SCARD_E_SHARING_VIOLATION,
                                           SCARD_E_NO_SERVICE, SCARD_E_SERVICE_STOPPED,
                                           SCARD_E_READER_UNAVAILABLE, SCARD_E_INVALID_HANDLE,
                                           SCARD_F_COMM_ERROR, SCARD_E_TIMEOUT,
                                           SCARD_W_SECURITY_VIOLATION, SCARD_E_INSUFFICIENT_BUFFER,
                                           SCARD_E_NO_MEMORY));

TEST_F(PcscFaults, ResetByAnotherProgramBetweenAnyTwoCalls) {
  at_every_call([](unsigned long n) {
    FakePcsc::before_call(n, [] { FakePcsc::reset_by_other(kPcscReader); });
  });
}

TEST_F(PcscFaults, TokenPulledOutAtAnyMoment) {
  at_every_call([](unsigned long n) {
    FakePcsc::before_call(n, [] { FakePcsc::insert(kPcscReader, nullptr); });
  });
}

TEST_F(PcscFaults, AnotherTokenOfTheSameModelAtAnyMoment) {
  std::shared_ptr<CountingEndpoint> other;
  at_every_call([&](unsigned long n) {
    if (other) {
      EXPECT_EQ(5U, tries_left(*other));
    }
    FakePcsc::before_call(n, [&] { other = plug(kPcscReader); });
  });
}

TEST_F(PcscFaults, ReaderUnpluggedAtAnyMoment) {
  at_every_call([](unsigned long n) {
    FakePcsc::before_call(n, [] { FakePcsc::remove_reader(kPcscReader); });
  });
}

TEST_F(PcscFaults, ServiceStopsAtAnyMoment) {
  at_every_call(
      [](unsigned long n) { FakePcsc::before_call(n, [] { FakePcsc::stop_service(); }); });
}

TEST_F(PcscFaults, ServiceRestartsAtAnyMoment) {
  at_every_call([](unsigned long n) {
    FakePcsc::before_call(n, [] {
      FakePcsc::stop_service();
      FakePcsc::start_service();
    });
  });
}

TEST_F(PcscFaults, AnotherProgramHoldsTheTokenAtAnyMoment) {
  // Each wait lasts until our patience ends: 50 ms here.
  ASSERT_EQ(CKR_OK, scenario().first_error);
  FakePcsc::hold_by_other(kPcscReader, true);
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome = scenario();
  EXPECT_EQ(CKR_KILT_READER_BUSY, outcome.first_error);
  EXPECT_EQ(0U, outcome.signatures);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  C_Finalize(nullptr);
  FakePcsc::hold_by_other(kPcscReader, false);
  EXPECT_EQ(CKR_OK, scenario().first_error);
}

TEST_F(PcscFaults, OtherSlotsGoOnWhileOneIsHeld) {
  FakePcsc::add_reader("second");
  plug("second");
  FakePcsc::hold_by_other(kPcscReader, true);
  EXPECT_EQ(CKR_OK, scenario(1).first_error);
}

TEST_F(PcscFaults, NothingStaysOpen) {
  ASSERT_EQ(CKR_OK, scenario().first_error);
  EXPECT_EQ(0U, FakePcsc::open_handles());
  EXPECT_EQ(0U, FakePcsc::open_contexts());
}

TEST_F(PcscFaults, SixteenReaders) {
  for (int i = 1; i < 16; ++i) {
    const std::string name = "Reader \xD2\x9A " + std::string(static_cast<std::size_t>(8 * i), 'x');
    FakePcsc::add_reader(name);
    plug(name);
  }
  for (CK_SLOT_ID slot = 0; slot < 16; ++slot)
    EXPECT_EQ(CKR_OK, scenario(slot).first_error) << slot;
}

TEST_F(PcscFaults, ServiceAbsentAtTheStart) {
  FakePcsc::stop_service();
  ASSERT_EQ(CKR_OK, C_Initialize(nullptr));
  CK_ULONG count = 99;
  ASSERT_EQ(CKR_OK, C_GetSlotList(CK_FALSE, nullptr, &count));
  EXPECT_EQ(0U, count);
  FakePcsc::start_service();
  ASSERT_EQ(CKR_OK, C_GetSlotList(CK_TRUE, nullptr, &count));
  EXPECT_EQ(1U, count);
  FakePcsc::stop_service();
  ASSERT_EQ(CKR_OK, C_GetSlotList(CK_TRUE, nullptr, &count));
  EXPECT_EQ(0U, count);
  ASSERT_EQ(CKR_OK, C_GetSlotList(CK_FALSE, nullptr, &count));
  EXPECT_EQ(1U, count) << "slots stay";
  FakePcsc::start_service();
  CK_SESSION_HANDLE session = 0;
  EXPECT_EQ(CKR_OK, C_OpenSession(0, CKF_SERIAL_SESSION, nullptr, nullptr, &session));
}

TEST_F(PcscFaults, UnpluggedWithAnOpenSessionAndPutBack) {
  ASSERT_EQ(CKR_OK, C_Initialize(nullptr));
  CK_ULONG count = 0;
  ASSERT_EQ(CKR_OK, C_GetSlotList(CK_TRUE, nullptr, &count));
  const auto open = [] {
    CK_SESSION_HANDLE session = 0;
    EXPECT_EQ(CKR_OK,
              C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session));
    return session;
  };
  const CK_SESSION_HANDLE session = open();
  ASSERT_EQ(CKR_OK, log_in(session, CKU_USER, kUserPin));
  FakePcsc::insert(kPcscReader, nullptr);
  FakePcsc::insert(kPcscReader, card_);
  Bytes random(8);
  EXPECT_EQ(CKR_DEVICE_REMOVED, C_GenerateRandom(session, random.data(), 8)) << "once";
  EXPECT_EQ(CKR_SESSION_HANDLE_INVALID, C_GenerateRandom(session, random.data(), 8)) << "then so";
  const CK_SESSION_HANDLE again = open();
  CK_SESSION_INFO info{};
  ASSERT_EQ(CKR_OK, C_GetSessionInfo(again, &info));
  EXPECT_EQ(CKS_RW_PUBLIC_SESSION, info.state) << "nobody is logged in on a token put back";
}

}  // namespace
}  // namespace kilt::test
