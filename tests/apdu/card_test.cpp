// The card channel: 61xx, 6Cxx, chaining, T=0, all of it bounded.
#include "apdu/card.h"

#include <gtest/gtest.h>

#include "tests/support/scripted_connection.h"

namespace kilt::apdu {
namespace {

using test::FunctionConnection;
using test::Script;

struct Channel {
  explicit Channel(FunctionConnection::Function function, ChannelOptions options = {})
      : connection(new FunctionConnection(std::move(function))),
        card(std::unique_ptr<Connection>(connection), options) {}
  FunctionConnection* connection;  // owned by card
  Card card;
};

Command read(unsigned le = 256) { return Command::case2(0x00, 0xB0, 0, 0, Le{le}); }

TEST(Card, OneExchange) {
  Script script{{"00B0000000", "0102 9000"}};
  Channel channel(std::ref(script));
  const Response answer = channel.card.send(read());
  EXPECT_EQ((Bytes{1, 2}), answer.data);
  EXPECT_EQ(1U, channel.connection->count());
}

TEST(Card, GetResponseCollects) {
  Script script{{"00B0000000", "01 6102"}, {"00C0000002", "0203 6101"}, {"00C0000001", "04 9000"}};
  Channel channel(std::ref(script));
  const Response answer = channel.card.send(read());
  EXPECT_EQ((Bytes{1, 2, 3, 4}), answer.data);
  EXPECT_TRUE(answer.ok());
}

TEST(Card, GetResponseGoesToTheSameChannel) {
  Script script{{"83B0000000", "6101"}, {"03C0000001", "04 9000"}};
  Channel channel(std::ref(script));
  EXPECT_TRUE(channel.card.send(Command::case2(0x83, 0xB0, 0, 0, kLeShortMax)).ok());
}

TEST(Card, GetResponseKeepsALaterError) {
  Script script{{"00B0000000", "6104"}, {"00C0000004", "01 6281"}};
  Channel channel(std::ref(script));
  const Response answer = channel.card.send(read());
  EXPECT_EQ((Bytes{1}), answer.data);
  EXPECT_EQ(0x6281, answer.sw.value());
}

TEST(Card, RemarkIsNotFollowedWhereTheCardMeansItSo) {
  Script script{{"00B0000000", "01 6120"}};
  Channel channel(std::ref(script));
  Command command = read();
  command.follow_61 = false;
  EXPECT_EQ(0x6120, channel.card.send(command).sw.value());
}

TEST(Card, WrongLeIsRepeatedOnce) {
  Script script{{"00B0000000", "6C03"}, {"00B0000003", "010203 9000"}};
  Channel channel(std::ref(script));
  EXPECT_EQ(3U, channel.card.send(read()).data.size());
}

TEST(Card, WrongLeTwiceIsGivenBack) {
  Script script{{"00B0000000", "6C03"}, {"00B0000003", "6C04"}};
  Channel channel(std::ref(script));
  EXPECT_EQ(0x6C04, channel.card.send(read()).sw.value());
}

TEST(Card, WrongLeZeroMeansTheMaximum) {
  Script script{{"00B0000005", "6C00"}, {"00B0000000", "01 9000"}};
  Channel channel(std::ref(script));
  EXPECT_TRUE(channel.card.send(read(5)).ok());
}

TEST(Card, WrongLeInsideGetResponse) {
  Script script{{"00B0000000", "6110"}, {"00C0000010", "6C02"}, {"00C0000002", "0102 9000"}};
  Channel channel(std::ref(script));
  EXPECT_EQ(2U, channel.card.send(read()).data.size());
}

TEST(Card, WrongLeWithoutLeIsGivenBack) {
  Script script{{"80400000", "6C02"}};
  Channel channel(std::ref(script));
  EXPECT_EQ(0x6C02, channel.card.send(Command::case1(0x80, 0x40, 0, 0)).sw.value());
}

TEST(Card, ChainingInBlocksOf255) {
  const Bytes data(511, 0xAA);
  const std::string block = to_hex(Bytes(255, 0xAA));
  Script script{{"102A9E9AFF" + block, "9000"},
                {"102A9E9AFF" + block, "9000"},
                {"002A9E9A01AA00", "0102 9000"}};
  Channel channel(std::ref(script));
  EXPECT_EQ(2U,
            channel.card.send(Command::case4(0, 0x2A, 0x9E, 0x9A, data, kLeShortMax)).data.size());
}

TEST(Card, ChainingStopsAtTheFirstRefusal) {
  Script script{{"102A9E9AFF" + to_hex(Bytes(255, 0)), "6883"}};
  Channel channel(std::ref(script));
  EXPECT_EQ(0x6883,
            channel.card.send(Command::case3(0, 0x2A, 0x9E, 0x9A, Bytes(600, 0))).sw.value());
}

TEST(Card, ExtendedOnlyWhereReaderAndCardTakeIt) {
  const Bytes data(300, 0xAA);
  {
    Script script{{"00D6000000012C" + to_hex(data), "9000"}};
    Channel channel(std::ref(script), {65536, true});
    channel.connection->set_extended(true);
    EXPECT_TRUE(channel.card.send(Command::case3(0, 0xD6, 0, 0, data)).ok());
  }
  Script script{{"10D60000FF" + to_hex(Bytes(255, 0xAA)), "9000"},
                {"00D600002D" + to_hex(Bytes(45, 0xAA)), "9000"}};
  Channel channel(std::ref(script), {65536, true});
  EXPECT_TRUE(channel.card.send(Command::case3(0, 0xD6, 0, 0, data)).ok());
}

TEST(Card, LongLeWithoutExtendedIsAskedAs256) {
  Script script{{"00B0000000", "01 9000"}};
  Channel channel(std::ref(script));
  EXPECT_TRUE(channel.card.send(read(1000)).ok());
}

TEST(Card, T0SendsNoLeWithData) {
  Script script{{"00A40000023F00", "6102"}, {"00C0000002", "6F00 9000"}};
  Channel channel(std::ref(script));
  channel.connection->set_protocol(0);
  EXPECT_EQ((Bytes{0x6F, 0}), channel.card.send(select(0, 0, Bytes{0x3F, 0})).data);
}

TEST(Card, EndlessGetResponseIsGivenUp) {
  Channel channel([](BytesView) { return from_hex("01 61FF"); });
  EXPECT_THROW((void)channel.card.send(read()), MalformedAnswer);
  EXPECT_LE(channel.connection->count(), 600U);
}

TEST(Card, EndlessGetResponseOfFullBlocksIsGivenUp) {
  Channel channel([](BytesView) {
    Bytes answer(256, 0xAB);
    append(answer, Bytes{0x61, 0x00});
    return answer;
  });
  EXPECT_THROW((void)channel.card.send(read()), MalformedAnswer);
  EXPECT_LE(channel.connection->count(), 300U);
}

TEST(Card, PromiseWithoutDataIsGivenUpAtOnce) {
  Channel channel([](BytesView) { return from_hex("61FF"); });
  EXPECT_THROW((void)channel.card.send(read()), MalformedAnswer);
  EXPECT_EQ(2U, channel.connection->count());
}

TEST(Card, AnswersNoSaneCardGives) {
  for (const Bytes& evil : {Bytes{}, Bytes{0x90}}) {
    Channel channel([&](BytesView) { return evil; });
    EXPECT_THROW((void)channel.card.send(read()), MalformedAnswer);
  }
  Channel channel([](BytesView) {
    Bytes answer(257, 0);
    append(answer, Bytes{0x90, 0x00});
    return answer;
  });
  EXPECT_THROW((void)channel.card.send(read()), MalformedAnswer) << "258 bytes and more";
}

TEST(Card, MoreThanLeIsPassedOnForTheCallerToJudge) {
  Channel channel([](BytesView) { return from_hex("0102030405 9000"); });
  EXPECT_EQ(5U, channel.card.send(read(2)).data.size());
}

TEST(Transaction, BeginsAndEnds) {
  struct Counting : FunctionConnection {
    Counting() : FunctionConnection([](BytesView) { return from_hex("9000"); }) {}
    void begin() override { ++begun; }
    void end() noexcept override { ++ended; }
    int begun = 0, ended = 0;
  };
  auto* connection = new Counting;
  Card card{std::unique_ptr<Connection>(connection)};
  {
    const Transaction transaction(card);
    EXPECT_EQ(1, connection->begun);
    EXPECT_EQ(0, connection->ended);
  }
  EXPECT_EQ(1, connection->ended);
}

}  // namespace
}  // namespace kilt::apdu
