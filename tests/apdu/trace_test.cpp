// What the trace shows, and above all what it does not.
#include "apdu/trace.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/support/scripted_connection.h"

namespace kilt::apdu {
namespace {

class Trace : public ::testing::Test {
 protected:
  void SetUp() override {
    set_trace_sink([this](const std::string& line) { lines_.push_back(line); });
  }
  void TearDown() override { set_trace_sink({}); }
  void exchange(const Command& command, const char* answer) {
    Card card(
        std::make_unique<test::FunctionConnection>([=](BytesView) { return from_hex(answer); }));
    (void)card.send(command);
  }
  std::string all() const {
    std::string text;
    for (const std::string& line : lines_) text += line + "\n";
    return text;
  }
  std::vector<std::string> lines_;
};

TEST_F(Trace, HeaderLengthsStatusAndTime) {
  exchange(Command::case4(0x00, 0xA4, 0x08, 0x00, from_hex("50005031"), kLeShortMax), "AABB 9000");
  ASSERT_EQ(1U, lines_.size());
  EXPECT_EQ(0U, lines_[0].find("apdu 00 A4 08 00 lc=4 le=256 -> 2 9000 ")) << lines_[0];
  EXPECT_EQ("us", lines_[0].substr(lines_[0].size() - 2));
}

TEST_F(Trace, NoDataInEitherDirection) {
  exchange(Command::case4(0x00, 0x2A, 0x80, 0x86, from_hex("DEADBEEF"), kLeShortMax),
           "CAFEBABE 9000");
  EXPECT_EQ(std::string::npos, all().find("DEADBEEF"));
  EXPECT_EQ(std::string::npos, all().find("CAFEBABE"));
  EXPECT_EQ(std::string::npos, all().find("CA FE"));
}

TEST_F(Trace, PinAndItsLengthAreHidden) {
  exchange(verify(2, from_hex("3132333435363738")), "63C2");
  ASSERT_EQ(1U, lines_.size());
  EXPECT_EQ(std::string::npos, lines_[0].find("3132"));
  EXPECT_EQ(std::string::npos, lines_[0].find("12345678"));
  EXPECT_NE(std::string::npos, lines_[0].find("00 20 00 02 lc=* le=- -> * 63C2")) << lines_[0];
}

TEST_F(Trace, SecretChainsAndGetResponsesAreHiddenToo) {
  Command command = Command::case4(0x00, 0x24, 0x01, 0x02, Bytes(300, 0x37), kLeShortMax);
  command.privacy = Privacy::kSecret;
  unsigned round = 0;
  Card card(std::make_unique<test::FunctionConnection>(
      [&](BytesView) { return from_hex(++round == 2 ? "01 6101" : "01 9000"); }));
  (void)card.send(command);
  ASSERT_EQ(3U, lines_.size());
  for (const std::string& line : lines_) {
    EXPECT_EQ(std::string::npos, line.find("3737")) << line;
    EXPECT_NE(std::string::npos, line.find("lc=*")) << line;
    EXPECT_NE(std::string::npos, line.find("-> *")) << line;
  }
}

TEST_F(Trace, OffMeansNothing) {
  set_trace_sink({});
  EXPECT_FALSE(trace_enabled());
  exchange(Command::case1(0x80, 0x40, 0, 0), "9000");
  trace_line("x");
  EXPECT_TRUE(lines_.empty());
}

}  // namespace
}  // namespace kilt::apdu
