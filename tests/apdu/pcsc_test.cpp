// The PC/SC transport on a PC/SC service inside this process.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "apdu/errors.h"
#include "apdu/patience.h"
#include "apdu/pcsc_connection.h"
#include "apdu/pcsc_transport.h"
#include "tests/support/fake_pcsc.h"

namespace kilt::apdu {
namespace {

using namespace std::chrono_literals;
using test::CardEndpoint;
using test::FakePcsc;

class Recorder : public CardEndpoint {
 public:
  explicit Recorder(Bytes atr = from_hex("3B 88 01 4B 41 5A 54 4F 4B 45 4E 82"))
      : atr_(std::move(atr)) {}
  [[nodiscard]] Bytes atr() const override { return atr_; }
  void reset() override { ++resets; }
  Bytes transmit(BytesView command) override {
    last = to_bytes(command);
    return answer;
  }
  Bytes last, answer{0x90, 0x00};
  int resets = 0;

 private:
  Bytes atr_;
};

const std::string kName = "Aktiv KAZTOKEN 00 00";

class Pcsc : public ::testing::Test {
 protected:
  void SetUp() override {
    FakePcsc::restart_world();
    set_patience(50ms);
    FakePcsc::add_reader(kName);
    card_ = std::make_shared<Recorder>();
    FakePcsc::insert(kName, card_);
    transport_ = make_pcsc_transport();
  }
  std::shared_ptr<Recorder> card_;
  std::unique_ptr<Transport> transport_;
};

TEST_F(Pcsc, NothingIsContactedBeforeTheFirstCall) { EXPECT_EQ(0U, FakePcsc::calls()); }

TEST_F(Pcsc, ReadersOfEveryKindOfName) {
  const std::string odd = "Читатель \xD2\x9A " + std::string(110, 'x') + " 01 00";
  FakePcsc::add_reader(odd);
  for (int i = 0; i < 14; ++i) FakePcsc::add_reader("Reader " + std::to_string(i));
  const auto readers = transport_->readers();
  ASSERT_EQ(16U, readers.size());
  EXPECT_EQ(kName, readers[0].name);
  EXPECT_EQ(card_->atr(), readers[0].atr);
  EXPECT_TRUE(readers[0].card_present);
  EXPECT_EQ(odd, readers[1].name);
  EXPECT_FALSE(readers[1].card_present);
}

TEST_F(Pcsc, NoReadersNoServiceNoError) {
  FakePcsc::remove_reader(kName);
  EXPECT_TRUE(transport_->readers().empty());
  FakePcsc::stop_service();
  EXPECT_TRUE(transport_->readers().empty());
  EXPECT_THROW(transport_->connect(kName), ServiceUnavailable);
}

TEST_F(Pcsc, ServiceStartsLaterAndRestarts) {
  FakePcsc::stop_service();
  EXPECT_TRUE(transport_->readers().empty());
  FakePcsc::start_service();
  EXPECT_EQ(1U, transport_->readers().size());
  const auto connection = transport_->connect(kName);
  FakePcsc::stop_service();
  FakePcsc::start_service();
  EXPECT_EQ(1U, transport_->readers().size()) << "with a new context, at once";
  EXPECT_THROW(connection->begin(), CardRemoved);
  EXPECT_NO_THROW(transport_->connect(kName)->begin());
}

TEST_F(Pcsc, Exchange) {
  const auto connection = transport_->connect(kName);
  EXPECT_EQ(card_->atr(), connection->atr());
  EXPECT_EQ(1U, connection->protocol());
  connection->begin();
  EXPECT_EQ((Bytes{0x90, 0}), connection->transmit(Bytes{0x80, 0x40, 0, 0}));
  EXPECT_EQ((Bytes{0x80, 0x40, 0, 0}), card_->last);
  connection->end();
  connection->reset();
  EXPECT_EQ(1, card_->resets);
  EXPECT_NO_THROW(connection->begin()) << "our own reset is no news";
}

TEST_F(Pcsc, T0Card) {
  FakePcsc::insert(kName,
                   std::make_shared<Recorder>(from_hex("3B 98 96 00 4B 41 5A 54 4F 4B 45 4E")));
  EXPECT_EQ(0U, transport_->connect(kName)->protocol());
}

TEST_F(Pcsc, EverythingIsClosedAndTheCardLeftAsItIs) {
  {
    const auto connection = transport_->connect(kName);
    connection->begin();
    EXPECT_EQ(1U, FakePcsc::open_handles());
  }
  EXPECT_EQ(0U, FakePcsc::open_handles());
  EXPECT_EQ(0U, FakePcsc::open_contexts());
  EXPECT_EQ(0, card_->resets);
  transport_->readers();
  transport_.reset();
  EXPECT_EQ(0U, FakePcsc::open_contexts());
}

TEST_F(Pcsc, AbandonedConnectionsTellNobody) {
  auto connection = transport_->connect(kName);
  transport_->readers();
  connection->begin();
  FakePcsc::count_from_now();
  connection->abandon();
  transport_->abandon();
  connection.reset();
  transport_.reset();
  EXPECT_EQ(0U, FakePcsc::calls());
}

TEST_F(Pcsc, ForeignResetInEveryCall) {
  const auto connection = transport_->connect(kName);
  FakePcsc::reset_by_other(kName);
  EXPECT_THROW(connection->begin(), CardReset);
  connection->begin();
  FakePcsc::reset_by_other(kName);
  EXPECT_THROW(connection->transmit(Bytes{0, 0, 0, 0}), CardReset);
  connection->end();
  connection->begin();
  EXPECT_EQ((Bytes{0x90, 0}), connection->transmit(Bytes{0, 0, 0, 0}));
  connection->end();
}

TEST_F(Pcsc, RemovalExchangeAndUnplugging) {
  auto connection = transport_->connect(kName);
  FakePcsc::insert(kName, nullptr);
  EXPECT_THROW(connection->begin(), CardRemoved);
  EXPECT_THROW(connection->transmit(Bytes{0, 0, 0, 0}), CardRemoved);
  EXPECT_THROW(transport_->connect(kName), CardRemoved);
  FakePcsc::insert(kName, card_);
  EXPECT_THROW(connection->begin(), CardRemoved) << "another insertion, another connection";
  connection = transport_->connect(kName);
  FakePcsc::remove_reader(kName);
  EXPECT_THROW(connection->begin(), ReaderUnavailable);
  EXPECT_THROW(transport_->connect(kName), ReaderUnavailable);
  EXPECT_TRUE(transport_->readers().empty());
}

TEST_F(Pcsc, MuteCard) {
  FakePcsc::insert(kName, std::make_shared<Recorder>(Bytes{}));
  EXPECT_TRUE(transport_->readers()[0].mute);
  EXPECT_TRUE(transport_->readers()[0].atr.empty());
  EXPECT_THROW(transport_->connect(kName), CardMute);
}

TEST_F(Pcsc, ExclusiveUseByAnother) {
  FakePcsc::exclusive_by_other(kName, true);
  EXPECT_TRUE(transport_->readers()[0].card_present);
  EXPECT_THROW(transport_->connect(kName), ReaderBusy);
}

TEST_F(Pcsc, ExclusiveUseThatEndsInTime) {
  set_patience(20s);
  FakePcsc::exclusive_by_other(kName, true);
  std::thread other([] {
    std::this_thread::sleep_for(30ms);
    FakePcsc::exclusive_by_other(kName, false);
  });
  EXPECT_NO_THROW(transport_->connect(kName));
  other.join();
}

TEST_F(Pcsc, TransactionOfAnotherIsWaitedForButNotForEver) {
  const auto connection = transport_->connect(kName);
  FakePcsc::hold_by_other(kName, true);
  EXPECT_THROW(connection->begin(), ReaderBusy);
  FakePcsc::hold_by_other(kName, false);
  EXPECT_NO_THROW(connection->begin());
  connection->end();
  set_patience(20s);
  FakePcsc::hold_by_other(kName, true);
  std::thread other([] {
    std::this_thread::sleep_for(30ms);
    FakePcsc::hold_by_other(kName, false);
  });
  EXPECT_NO_THROW(connection->begin());
  other.join();
}

TEST_F(Pcsc, AnswerLongerThanAnApduCanBe) {
  const auto connection = transport_->connect(kName);
  card_->answer.assign(70000, 0);
  EXPECT_THROW(connection->transmit(Bytes{0, 0, 0, 0}), MalformedAnswer);
  card_->answer.clear();
  EXPECT_TRUE(connection->transmit(Bytes{0, 0, 0, 0}).empty());
}

TEST_F(Pcsc, WaitSeesEveryKindOfChange) {
  const std::vector<std::function<void()>> changes{
      [] { FakePcsc::insert(kName, nullptr); }, [&] { FakePcsc::insert(kName, card_); },
      [] { FakePcsc::add_reader("second"); },   [] { FakePcsc::remove_reader("second"); },
      [] { FakePcsc::stop_service(); },         [] { FakePcsc::start_service(); },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto known = transport_->readers();
    std::thread later([&] {
      std::this_thread::sleep_for(30ms);
      changes[i]();
    });
    const auto start = std::chrono::steady_clock::now();
    transport_->wait_for_change(known, 20s);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 10s) << "change " << i;
    later.join();
    EXPECT_NE(known, transport_->readers()) << "change " << i;
  }
}

TEST_F(Pcsc, CancelWakesWaitersAndTheNextOne) {
  const auto known = transport_->readers();
  std::atomic<bool> done = false;
  std::thread waiter([&] {
    transport_->wait_for_change(known, 60s);
    done = true;
  });
  while (!FakePcsc::somebody_waits()) std::this_thread::sleep_for(1ms);
  EXPECT_FALSE(done);
  transport_->cancel();
  waiter.join();
  transport_->cancel();
  const auto start = std::chrono::steady_clock::now();
  transport_->wait_for_change(known, 60s);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s) << "a cancel before the wait counts";
}

TEST_F(Pcsc, CancelWakesAWaitWithoutService) {
  FakePcsc::stop_service();
  std::thread later([&] {
    std::this_thread::sleep_for(30ms);
    transport_->cancel();
  });
  const auto start = std::chrono::steady_clock::now();
  transport_->wait_for_change({}, 60s);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  later.join();
}

/// Lists, connects, talks, resets; throws what the transport throws.
void scenario(Transport& transport) {
  const auto known = transport.readers();
  transport.wait_for_change(known, 1ms);
  const auto connection = transport.connect(kName);
  connection->begin();
  connection->transmit(Bytes{0x00, 0x84, 0x00, 0x00, 0x08});
  connection->end();
  connection->reset();
  connection->begin();
  connection->end();
}

TEST_F(Pcsc, EveryCallFailsWithEveryCodeOnce) {
  scenario(*transport_);
  const unsigned long total = FakePcsc::calls();
  ASSERT_GT(total, 10U);
  for (unsigned long n = 1; n <= total + 1; ++n) {
    for (const LONG code : test::all_pcsc_codes()) {
      const auto transport = make_pcsc_transport();
      FakePcsc::fail_call(n, code);
      try {
        scenario(*transport);
      } catch (const Error&) {  // NOLINT(bugprone-empty-catch): one of ours, that is the point
      } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): SCARD_E_NO_MEMORY
      }
      // Whatever failed, the same transport goes on.
      FakePcsc::fail_call(1000, code);
      EXPECT_NO_THROW(scenario(*transport)) << "call " << n << " failing with " << std::hex << code;
    }
  }
}

TEST_F(Pcsc, CodesBecomeTheRightErrors) {
  set_patience(0ms);
  const auto connect = [&](LONG code) {
    FakePcsc::fail_call(2, code);  // SCardConnect
    transport_->connect(kName);
  };
  EXPECT_THROW(connect(SCARD_W_REMOVED_CARD), CardRemoved);
  EXPECT_THROW(connect(SCARD_E_NO_SMARTCARD), CardRemoved);
  EXPECT_THROW(connect(SCARD_W_UNPOWERED_CARD), CardMute);
  EXPECT_THROW(connect(SCARD_W_UNRESPONSIVE_CARD), CardMute);
  EXPECT_THROW(connect(SCARD_E_SHARING_VIOLATION), ReaderBusy);
  EXPECT_THROW(connect(SCARD_E_READER_UNAVAILABLE), ReaderUnavailable);
  EXPECT_THROW(connect(SCARD_E_UNKNOWN_READER), ReaderUnavailable);
  EXPECT_THROW(connect(SCARD_E_NO_SERVICE), ServiceUnavailable);
  EXPECT_THROW(connect(SCARD_E_SERVICE_STOPPED), ServiceUnavailable);
  EXPECT_THROW(connect(SCARD_W_SECURITY_VIOLATION), ServiceUnavailable);
  EXPECT_THROW(connect(SCARD_F_COMM_ERROR), TransportError);
  EXPECT_THROW(connect(SCARD_E_TIMEOUT), TransportError);
  EXPECT_THROW(connect(SCARD_E_NO_MEMORY), std::bad_alloc);
  EXPECT_THROW(connect(SCARD_W_RESET_CARD), CardReset);
}

TEST_F(Pcsc, ReaderTellsItsLongestApdu) {
  const Bytes features = from_hex("12 04 42330012");  // GET_TLV_PROPERTIES
  const auto extended = [&](const Bytes& list, const char* properties) {
    FakePcsc::control_answers(list, from_hex(properties));
    return transport_->connect(kName)->extended_length();
  };
  EXPECT_TRUE(extended({}, "")) << "a reader that does not tell";
  EXPECT_TRUE(extended(features, "0A 04 00000100"));
  EXPECT_FALSE(extended(features, "0A 04 00010000"));
  EXPECT_FALSE(extended(features, "0B 02 1234 0A 02 0001"));
  for (const char* damaged :
       {"0A", "0A 04", "0A 04 00", "0A 00", "0A FF 00", "00 00 00 00", "0A 05 0000000000"})
    EXPECT_TRUE(extended(features, damaged)) << damaged;
  for (const char* damaged : {"12", "12 04 4233", "12 FF 42330012", "06 04 42330006"})
    (void)extended(from_hex(damaged), "0A 04 00010000");
}

TEST_F(Pcsc, ReaderAddedBetweenTheTwoListCalls) {
  // Call 1 establishes, 2 asks the size, 3 fills.
  FakePcsc::before_call(3, [] { FakePcsc::add_reader("late"); });
  EXPECT_EQ(2U, transport_->readers().size());
}

TEST_F(Pcsc, ReaderRemovedWhileLooking) {
  FakePcsc::before_call(4, [] { FakePcsc::remove_reader(kName); });
  EXPECT_TRUE(transport_->readers().empty());
  EXPECT_TRUE(transport_->readers().empty());
}

}  // namespace
}  // namespace kilt::apdu
