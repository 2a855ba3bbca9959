// What the applet answers, taken apart: known shapes, and shapes no card should send.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apdu/errors.h"
#include "drivers/etoken/applet/files.h"
#include "drivers/etoken/applet/records.h"
#include "drivers/etoken/utf16.h"

namespace kilt::etoken::applet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(ParseFci, OfARecordedKeyDirectory) {
  const Fci fci =
      parse_fci(from_hex("01 01 01 02 02 60 02 03 02 00 00 04 08 00 11 11 11 11 FF FF FF "
                         "05 0C 00 00 00 00 00 00 00 13 15 12 13 15"));
  EXPECT_EQ(FileType::kDirectory, fci.type);
  EXPECT_EQ(0x6002, fci.id);
  EXPECT_EQ(0U, fci.size);
  EXPECT_EQ(0x11, fci.access[4]);
  EXPECT_THAT(fci.security, SizeIs(12));
}

TEST(ParseFci, OtherOrderAndLongLengths) {
  const Fci fci =
      parse_fci(from_hex("04 FF 00 08 00 FF 00 FF FF FF FF FF 99 01 77 03 02 00 2B 02 02 00 0F "
                         "01 01 02 05 00"));
  EXPECT_EQ(0x000F, fci.id);
  EXPECT_EQ(43U, fci.size);
  EXPECT_THAT(fci.security, IsEmpty());
}

TEST(ParseFci, UnknownShapesAreRefused) {
  for (const char* answer : {
           "",
           "6F 10 84 07 A0 00 00 03 12 02 02 A5 05 9F 65 02 02 12",                 // BER
           "01 01 02 02 02 00 0F 03 02 00 2B",                                      // no rights
           "01 01 02 02 02 00 0F 03 02 00 2B 04 07 00 FF 00 FF FF FF FF",           // 7 rights
           "01 01 09 02 02 00 0F 03 02 00 2B 04 08 00 FF 00 FF FF FF FF FF",        // kind 9
           "01 00 02 02 00 0F 03 02 00 2B 04 08 00 FF 00 FF FF FF FF FF",           // empty kind
           "01 01 02 02 02 00 0F 03 04 00 00 00 2B 04 08 00 FF 00 FF FF FF FF FF",  // 4-byte size
           "01 01 02 02 02 00 0F 03 02 00 2B 04 FF FF FF",                          // length
       })
    EXPECT_THROW((void)parse_fci(from_hex(answer)), MalformedAnswer) << answer;
}

TEST(ParseListing, Recorded) {
  const Listing listing =
      parse_listing(from_hex("0A 10 60 01 50 01 60 02 50 02 60 03 50 03 10 02 10 03 0B 01 00"));
  EXPECT_THAT(listing.children,
              ElementsAre(0x6001, 0x5001, 0x6002, 0x5002, 0x6003, 0x5003, 0x1002, 0x1003));
  EXPECT_FALSE(listing.more);
}

TEST(ParseListing, MoreNoneAndHalf) {
  EXPECT_TRUE(parse_listing(from_hex("0A 02 10 02 0B 01 01")).more);
  EXPECT_FALSE(parse_listing(from_hex("0A 02 10 02")).more) << "old applets";
  EXPECT_THAT(parse_listing({}).children, IsEmpty());
  EXPECT_THROW((void)parse_listing(from_hex("0A 03 10 02 10")), MalformedAnswer);
}

TEST(Records, OfUnknownMakeAreRefused) {
  for (const char* record : {"", "00", "00 05 41", "00 FF 41", "00 01 41"}) {
    EXPECT_THROW((void)parse_certificate_record(from_hex(record)), MalformedAnswer) << record;
    EXPECT_THROW((void)parse_ec_private_record(from_hex(record)), MalformedAnswer) << record;
    EXPECT_THROW((void)parse_ec_public_record(from_hex(record)), MalformedAnswer) << record;
  }
  // A point that is none, a curve that is none.
  EXPECT_THROW((void)parse_ec_public_record(from_hex("10A5FFFFFFFF 03 060100 03 040102 00 00 00")),
               MalformedAnswer);
  EXPECT_THROW((void)parse_ec_private_record(from_hex("1B5AFFFFFFFF 03 060200 00 00 01 07")),
               MalformedAnswer);
}

TEST(Records, UnknownOnesAreReadInEveryWayThatFits) {
  const auto readings = read_unknown_record(from_hex("1234FFFFFFFF 02 4142 00 01 07"));
  ASSERT_FALSE(readings.empty());
  EXPECT_THAT(readings[0], ElementsAre(from_hex("4142"), Bytes{}, from_hex("07")));
  EXPECT_THAT(read_unknown_record(Bytes(300, 0x00)), IsEmpty())
      << "more fields than any object has";
}

TEST(Utf16, PinsInEveryCharacterSet) {
  const auto utf16 = [](std::string_view text) { return to_hex(to_utf16be(to_bytes(text))); };
  EXPECT_EQ("00310032", utf16("12"));
  EXPECT_EQ("04D9", utf16("\xD3\x99"));              // ә
  EXPECT_EQ("D83DDD11", utf16("\xF0\x9F\x94\x91"));  // U+1F511
  EXPECT_EQ("00D30041", utf16("\xD3"
                              "A"))
      << "no UTF-8: widened byte by byte";
  EXPECT_EQ("00ED00A00080", utf16("\xED\xA0\x80")) << "a surrogate is no UTF-8";
  EXPECT_EQ("00C00080", utf16("\xC0\x80")) << "nor is an overlong form";
}

TEST(Utf16, NamesEndAtZero) {
  EXPECT_EQ("Ab", from_utf16le(from_hex("4100 6200 0000 4300")));
  EXPECT_EQ("\xF0\x9F\x94\x91", from_utf16le(from_hex("3DD8 11DD")));
  EXPECT_EQ("\xEF\xBF\xBD", from_utf16le(from_hex("3DD8 41")));
}

}  // namespace
}  // namespace kilt::etoken::applet
