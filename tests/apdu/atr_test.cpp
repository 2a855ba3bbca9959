#include "apdu/atr.h"

#include <random>

#include <gtest/gtest.h>

namespace kilt::apdu {
namespace {

TEST(Atr, KaztokenUsb) {
  const Bytes bytes = from_hex("3B 88 01 4B 41 5A 54 4F 4B 45 4E 82");
  const auto atr = Atr::parse(bytes);
  ASSERT_TRUE(atr);
  EXPECT_EQ("KAZTOKEN", to_text(atr->historical));
  EXPECT_EQ(1U, atr->protocol);
  EXPECT_TRUE(atr->checksum_ok);
}

TEST(Atr, KaztokenCardHasNoChecksum) {
  const Bytes bytes = from_hex("3B 98 96 00 4B 41 5A 54 4F 4B 45 4E");
  const auto atr = Atr::parse(bytes);
  ASSERT_TRUE(atr);
  EXPECT_EQ("KAZTOKEN", to_text(atr->historical));
  EXPECT_EQ(0U, atr->protocol);
  EXPECT_TRUE(atr->checksum_ok);
}

TEST(Atr, SeveralProtocols) {
  const Bytes bytes = from_hex("3B 9C 94 80 11 40 52 75 74 6F 6B 65 6E 45 43 50 73 63 C3");
  const auto atr = Atr::parse(bytes);
  ASSERT_TRUE(atr);
  EXPECT_EQ(0U, atr->protocol) << "the first one offered";
  EXPECT_EQ(12U, atr->historical.size());
  EXPECT_TRUE(atr->checksum_ok);
}

TEST(Atr, WrongChecksumIsTold) {
  const Bytes bytes = from_hex("3B 88 01 4B 41 5A 54 4F 4B 45 4E 83");
  ASSERT_TRUE(Atr::parse(bytes));
  EXPECT_FALSE(Atr::parse(bytes)->checksum_ok);
}

TEST(Atr, TwoBytesAreTheShortest) {
  const Bytes bytes = from_hex("3B 00");
  const auto atr = Atr::parse(bytes);
  ASSERT_TRUE(atr);
  EXPECT_TRUE(atr->historical.empty());
  EXPECT_TRUE(atr->checksum_ok);
  EXPECT_TRUE(Atr::parse(from_hex("3F 00")));
}

TEST(Atr, NotAnAtr) {
  for (const char* text : {"", "3B", "3C 00", "00 00", "3B 0F 41", "3B F0", "3B 80", "3B 80 80",
                           "3B 80 80 80", "3B FF FF FF FF"})
    EXPECT_FALSE(Atr::parse(from_hex(text))) << text;
  Bytes long_one(34, 0);
  long_one[0] = 0x3B;
  EXPECT_FALSE(Atr::parse(long_one));
  // 33 bytes of interface bytes that announce more of themselves for ever.
  Bytes endless(33, 0x80);
  endless[0] = 0x3B;
  EXPECT_FALSE(Atr::parse(endless));
}

TEST(Atr, RandomBytesStayInside) {
  std::mt19937 random(2);
  for (unsigned round = 0; round < 50000; ++round) {
    Bytes bytes(random() % 36);
    for (Byte& byte : bytes) byte = static_cast<Byte>(random());
    if (!bytes.empty()) bytes[0] = 0x3B;
    const auto atr = Atr::parse(bytes);
    if (!atr) continue;
    EXPECT_LE(atr->historical.size(), 15U);
    if (atr->historical.empty()) continue;
    EXPECT_GE(atr->historical.data(), bytes.data());
    EXPECT_LE(atr->historical.data() + atr->historical.size(), bytes.data() + bytes.size());
  }
}

}  // namespace
}  // namespace kilt::apdu
