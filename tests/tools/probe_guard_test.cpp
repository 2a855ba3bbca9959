// The guard of `kilt probe`: nothing but reading passes.
#include <algorithm>
#include <array>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tools/commands/probe/facts.h"
#include "tools/commands/probe/guard.h"

namespace kilt::tool {
namespace {

bool passes(const char* command) { return only_reads(from_hex(command)); }

TEST(ProbeGuard, ReadingPasses) {
  EXPECT_TRUE(passes("00A4000C023F00"));
  EXPECT_TRUE(passes("00B0000000"));
  EXPECT_TRUE(passes("00B2010400"));
  EXPECT_TRUE(passes("00C0000000"));
  EXPECT_TRUE(passes("00CA7F3000"));
  EXPECT_TRUE(passes("80CA9F7F00"));
  EXPECT_TRUE(passes("00CB3FFF0B4D09FFA007057F49028100"));
  EXPECT_TRUE(passes("00200002"));
  EXPECT_TRUE(passes("0020000200"));
}

TEST(ProbeGuard, NoPinPasses) {
  EXPECT_FALSE(passes("00200002083132333430303030"));
  EXPECT_FALSE(passes("002000020131"));
  EXPECT_FALSE(passes("0020000201"));
  EXPECT_FALSE(passes("10200002083132333430303030"));
  EXPECT_FALSE(passes("002401020831323334303030 30"));
  EXPECT_FALSE(passes("002C0202083132333430303030"));
}

TEST(ProbeGuard, EveryOtherInstructionIsStopped) {
  constexpr std::array<unsigned, 7> kReading{0xA4, 0xB0, 0xB2, 0xC0, 0xCA, 0xCB, 0x20};
  for (unsigned ins = 0; ins < 0x100; ++ins) {
    const Bytes command{0x00, static_cast<Byte>(ins), 0x00, 0x00};
    EXPECT_EQ(std::ranges::find(kReading, ins) != kReading.end(), only_reads(command)) << ins;
    const Bytes proprietary{0x80, static_cast<Byte>(ins), 0x00, 0x00};
    EXPECT_EQ(ins == 0xCA, only_reads(proprietary)) << ins;
  }
  EXPECT_FALSE(only_reads({}));
  EXPECT_FALSE(only_reads(Bytes{0x00, 0xA4, 0x00}));
}

class Recorder : public apdu::Connection {
 public:
  explicit Recorder(unsigned* sent) : sent_(sent) {}
  void begin() override {}
  void end() noexcept override {}
  Bytes transmit(BytesView) override {
    ++*sent_;
    return {0x90, 0x00};
  }
  void reset() override {}
  [[nodiscard]] const Bytes& atr() const noexcept override { return atr_; }
  void abandon() noexcept override {}

 private:
  unsigned* sent_;
  Bytes atr_;
};

TEST(ProbeGuard, WhatIsStoppedIsNotSent) {
  unsigned sent = 0;
  const auto guarded = reading_only(std::make_unique<Recorder>(&sent));
  guarded->transmit(from_hex("00A4000C023F00"));
  EXPECT_EQ(1U, sent);
  EXPECT_THROW(guarded->transmit(from_hex("00200002083132333430303030")), std::logic_error);
  EXPECT_THROW(guarded->transmit(from_hex("00D600000100")), std::logic_error);
  EXPECT_EQ(1U, sent);
}

TEST(ProbeFacts, NumbersOfCardAndReaderAreMasked) {
  EXPECT_EQ("3B 8C 80 01 50 xx xx xx xx E1 F3 5E 11 33 81 C7 xx",
            shown_atr(from_hex("3B8C800150F56FF82BE1F35E113381C73C")));
  EXPECT_EQ("3B 04 4D 41 44 45", shown_atr(from_hex("3B044D414445")));
  EXPECT_EQ("Vendor Reader [CCID Interface] (…) 00 00",
            shown_reader("Vendor Reader [CCID Interface] (21121548012345) 00 00"));
}

}  // namespace
}  // namespace kilt::tool
