// The four ISO cases, short and extended (ISO/IEC 7816-3:2006, 12.1.3).
#include "apdu/command.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "apdu/response.h"

namespace kilt::apdu {
namespace {

TEST(Command, ShortCases) {
  EXPECT_EQ("80400000", to_hex(Command::case1(0x80, 0x40, 0, 0).encode_short()));
  EXPECT_EQ("00CA018108", to_hex(Command::case2(0, 0xCA, 1, 0x81, Le{8}).encode_short()));
  EXPECT_EQ("00CA018100", to_hex(Command::case2(0, 0xCA, 1, 0x81, kLeShortMax).encode_short()));
  EXPECT_EQ("00200002023132",
            to_hex(Command::case3(0, 0x20, 0, 2, Bytes{0x31, 0x32}).encode_short()));
  EXPECT_EQ("00A40000023F0000",
            to_hex(Command::case4(0, 0xA4, 0, 0, Bytes{0x3F, 0}, kLeShortMax).encode_short()));
}

TEST(Command, ExtendedCases) {
  EXPECT_EQ("80400000", to_hex(Command::case1(0x80, 0x40, 0, 0).encode_extended()));
  EXPECT_EQ("00B00000000101", to_hex(Command::case2(0, 0xB0, 0, 0, Le{257}).encode_extended()));
  EXPECT_EQ("00B00000000000",
            to_hex(Command::case2(0, 0xB0, 0, 0, kLeExtendedMax).encode_extended()));
  const Bytes data(256, 0xAA);
  EXPECT_EQ("00D60000000100" + to_hex(data),
            to_hex(Command::case3(0, 0xD6, 0, 0, data).encode_extended()));
  EXPECT_EQ("002A9E9A000100" + to_hex(data) + "0100",
            to_hex(Command::case4(0, 0x2A, 0x9E, 0x9A, data, kLeShortMax).encode_extended()));
  EXPECT_EQ("002A9E9A000100" + to_hex(data) + "0000",
            to_hex(Command::case4(0, 0x2A, 0x9E, 0x9A, data, kLeExtendedMax).encode_extended()));
}

TEST(Command, Limits) {
  const auto with = [](std::size_t data, unsigned le) {
    return Command::case4(0, 0x2A, 0, 0, Bytes(data, 0), Le{le});
  };
  EXPECT_TRUE(with(255, 256).fits_short());
  EXPECT_FALSE(with(256, 256).fits_short());
  EXPECT_FALSE(with(255, 257).fits_short());
  EXPECT_THROW((void)with(256, 1).encode_short(), std::length_error);
  EXPECT_THROW((void)with(1, 257).encode_short(), std::length_error);
  EXPECT_EQ(4U + 3U + 65535U + 2U, with(65535, 65536).encode_extended().size());
  EXPECT_THROW((void)with(65536, 1).encode_extended(), std::length_error);
  EXPECT_THROW((void)with(1, 65537).encode_extended(), std::length_error);
}

TEST(Command, Named) {
  EXPECT_EQ(
      "00A408000410001004"
      "00",
      to_hex(select(8, 0, Bytes{0x10, 0, 0x10, 4}).encode_short()));
  EXPECT_EQ("00A4000C023F00", to_hex(select(0, 0x0C, Bytes{0x3F, 0}, true).encode_short()));
  EXPECT_EQ("00B07FFF01", to_hex(read_binary(0x7FFF, Le{1}).encode_short()));
  EXPECT_THROW((void)read_binary(0x8000, Le{1}), std::out_of_range);
  EXPECT_EQ("00D612340155", to_hex(update_binary(0x1234, Bytes{0x55}).encode_short()));
  EXPECT_THROW((void)update_binary(0x8000, Bytes{0}), std::out_of_range);
  EXPECT_EQ("0084000008", to_hex(get_challenge(Le{8}).encode_short()));
  EXPECT_EQ("00CA018100", to_hex(get_data(0x0181, kLeShortMax).encode_short()));
  EXPECT_EQ("00200002", to_hex(verify_status(2).encode_short()));
}

TEST(Command, VerifyIsSecretAndNeverEmpty) {
  EXPECT_EQ(Privacy::kSecret, verify(2, Bytes{0x31}).privacy);
  EXPECT_EQ("002000020131", to_hex(verify(2, Bytes{0x31}).encode_short()));
  EXPECT_THROW((void)verify(2, {}), std::invalid_argument);
}

TEST(Response, SplitsDataAndStatusWord) {
  const Response answer = Response::parse(Bytes{1, 2, 0x90, 0x00});
  EXPECT_EQ((Bytes{1, 2}), answer.data);
  EXPECT_TRUE(answer.ok());
  EXPECT_TRUE(Response::parse(Bytes{0x6A, 0x82}).data.empty());
  EXPECT_THROW((void)Response::parse({}), MalformedAnswer);
  EXPECT_THROW((void)Response::parse(Bytes{0x90}), MalformedAnswer);
}

TEST(StatusWord, Meaning) {
  EXPECT_TRUE(StatusWord(0x9000).ok());
  EXPECT_FALSE(StatusWord(0x9001).ok());
  EXPECT_FALSE(StatusWord(0x6100).ok());
  EXPECT_EQ(3U, StatusWord(0x63C3).tries_left());
  EXPECT_EQ(0U, StatusWord(0x63C0).tries_left());
  EXPECT_EQ(std::nullopt, StatusWord(0x6300).tries_left());
  EXPECT_EQ(std::nullopt, StatusWord(0x6983).tries_left());
  EXPECT_EQ("6A82", StatusWord(0x6A, 0x82).hex());
  EXPECT_EQ("0000", StatusWord().hex());
}

}  // namespace
}  // namespace kilt::apdu
