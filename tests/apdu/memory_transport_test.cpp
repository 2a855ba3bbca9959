#include "tests/support/memory_transport.h"

#include <thread>

#include <gtest/gtest.h>

#include "apdu/errors.h"

namespace kilt::apdu {
namespace {

using namespace std::chrono_literals;
using test::CardEndpoint;
using test::MemoryTransport;

class Echo : public CardEndpoint {
 public:
  explicit Echo(Bytes atr = {0x3B, 0x80, 0x01, 0x81}) : atr_(std::move(atr)) {}
  [[nodiscard]] Bytes atr() const override { return atr_; }
  void reset() override { ++resets; }
  Bytes transmit(BytesView) override { return {0x90, 0x00}; }
  int resets = 0;

 private:
  Bytes atr_;
};

class Memory : public ::testing::Test {
 protected:
  void SetUp() override {
    transport_.add_reader("a");
    card_ = std::make_shared<Echo>();
    transport_.insert("a", card_);
  }
  MemoryTransport transport_;
  std::shared_ptr<Echo> card_;
};

TEST_F(Memory, ReadersAndCards) {
  transport_.add_reader("b");
  auto readers = transport_.readers();
  ASSERT_EQ(2U, readers.size());
  EXPECT_EQ("a", readers[0].name);
  EXPECT_TRUE(readers[0].card_present);
  EXPECT_FALSE(readers[1].card_present);
  const auto events = readers[0].event_count;
  transport_.remove_card("a");
  transport_.insert("a", card_);
  EXPECT_NE(events, transport_.readers()[0].event_count) << "out and in again is seen";
  transport_.remove_reader("a");
  EXPECT_EQ(1U, transport_.readers().size());
}

TEST_F(Memory, RemovalAndExchangeAreNoticed) {
  const auto connection = transport_.connect("a");
  transport_.insert("a", std::make_shared<Echo>());
  EXPECT_THROW(connection->transmit(Bytes{0, 0, 0, 0}), CardRemoved);
  transport_.remove_card("a");
  EXPECT_THROW(connection->begin(), CardRemoved);
  EXPECT_THROW(transport_.connect("a"), CardRemoved);
  EXPECT_THROW(transport_.connect("c"), ReaderUnavailable);
}

TEST_F(Memory, MuteCard) {
  transport_.insert("a", std::make_shared<Echo>(Bytes{}));
  EXPECT_TRUE(transport_.readers()[0].mute);
  EXPECT_THROW(transport_.connect("a"), CardMute);
}

TEST_F(Memory, ForeignResetIsReportedOnce) {
  const auto connection = transport_.connect("a");
  transport_.reset_by_other("a");
  EXPECT_EQ(1, card_->resets);
  EXPECT_THROW(connection->begin(), CardReset);
  connection->begin();
  EXPECT_EQ((Bytes{0x90, 0}), connection->transmit(Bytes{0, 0, 0, 0}));
  connection->end();
}

TEST_F(Memory, OwnResetIsNotReported) {
  const auto connection = transport_.connect("a");
  connection->reset();
  EXPECT_EQ(1, card_->resets);
  EXPECT_NO_THROW(connection->begin());
  connection->end();
}

TEST_F(Memory, TransactionKeepsOthersOut) {
  const auto first = transport_.connect("a");
  const auto second = transport_.connect("a");
  first->begin();
  std::atomic<bool> entered = false;
  std::thread other([&] {
    second->begin();
    entered = true;
    second->end();
  });
  std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(entered);
  first->end();
  other.join();
  EXPECT_TRUE(entered);
}

TEST_F(Memory, WaitsAreWokenByChangeByCancelAndByTime) {
  const auto known = transport_.readers();
  std::thread changer([&] {
    std::this_thread::sleep_for(20ms);
    transport_.remove_card("a");
  });
  const auto start = std::chrono::steady_clock::now();
  transport_.wait_for_change(known, 10s);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  changer.join();
  EXPECT_NE(known, transport_.readers());
  transport_.cancel();
  transport_.wait_for_change(transport_.readers(), 10s);
  transport_.wait_for_change(transport_.readers(), 1ms);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

}  // namespace
}  // namespace kilt::apdu
