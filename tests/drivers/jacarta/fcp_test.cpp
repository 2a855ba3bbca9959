// What SELECT and the listing say, on published answers of a real card.
#include "drivers/jacarta/fcp.h"

#include <gtest/gtest.h>

#include "apdu/errors.h"
#include "tests/drivers/jacarta/recordings.h"

namespace kilt::jacarta::test {
namespace {

TEST(Fcp, UserPinOfARealCard) {
  constexpr std::size_t kUpdate = 1, kDelete = 3;  // of a key object's rules
  const Fcp fcp = parse_fcp(
      from_hex("62 2F 87 01 08 83 02 00 20 80 02 00 10 8A 01 04 86 0E 00 FF C0 30 00 FF 00 10 00 "
               "FF 00 10 00 00 85 0F 00 01 00 00 9A 00 04 10 00 00 00 00 00 FF FF"));
  EXPECT_EQ(0x0020, fcp.id);
  EXPECT_EQ(static_cast<Byte>(FileType::kKeyObject), fcp.type);
  EXPECT_EQ(16U, fcp.size);
  ASSERT_EQ(7U, fcp.rules.size());
  EXPECT_TRUE(fcp.rule(0)->never());
  EXPECT_EQ(0x30, fcp.rule(kUpdate)->key_object());
  EXPECT_TRUE(fcp.rule(kUpdate)->wrapped());
  EXPECT_FALSE(fcp.rule(kDelete)->wrapped());
  EXPECT_TRUE(fcp.rule(6)->always());
  EXPECT_FALSE(fcp.rule(7).has_value());
  const auto pin = parse_pin_properties(fcp.properties);
  ASSERT_TRUE(pin);
  EXPECT_EQ(9U, pin->tries_left);
  EXPECT_EQ(10U, pin->tries_max);
  EXPECT_EQ(4U, pin->min_length);
  EXPECT_EQ(16U, pin->max_length);
}

TEST(Fcp, KeyObjectIsNoPin) {
  const Fcp fcp =
      parse_fcp(from_hex("62 24 87 01 08 83 02 00 41 80 02 00 80 8A 01 04 86 0E 00 00 "
                         "00 FF 00 FF 00 20 00 20 00 00 00 20 85 04 05 0C 20 00"));
  EXPECT_EQ(128U, fcp.size);
  EXPECT_FALSE(parse_pin_properties(fcp.properties));
  EXPECT_FALSE(parse_pin_properties(from_hex("05 0C 20 00 A3 00 00 00 00 00 00 00 00 00 00")));
}

TEST(Fcp, PropertiesAsTheyWereCreated) {
  const auto pin = parse_pin_properties(from_hex("C0 01 00 00 AA 04 10 00 00 00 00 00 10 10"));
  ASSERT_TRUE(pin);
  EXPECT_FALSE(pin->tries_left.has_value());
  EXPECT_EQ(10U, pin->tries_max);
  EXPECT_EQ(16U, pin->max_length);
  // No policy sets no limits.
  const auto open = parse_pin_properties(from_hex("C0 01 00 00 AA 00 00 00 00 00 00 00 00 00 00"));
  ASSERT_TRUE(open);
  EXPECT_EQ(4U, open->min_length);
  EXPECT_EQ(16U, open->max_length);
}

TEST(Fcp, OrderAndOuterTagDoNotMatter) {
  const Fcp fcp = parse_fcp(from_hex("6F 10 A5 01 04 86 02 C0 30 81 02 01 00 87 01 38 99 00"));
  EXPECT_EQ(256U, fcp.size);
  EXPECT_EQ(0x38, fcp.type);
  EXPECT_EQ(from_hex("04"), fcp.properties);
}

TEST(Fcp, NonsenseIsRefused) {
  EXPECT_THROW(static_cast<void>(parse_fcp({})), MalformedAnswer);
  EXPECT_THROW(static_cast<void>(parse_fcp(from_hex("64 00"))), MalformedAnswer);
  EXPECT_THROW(static_cast<void>(parse_fcp(from_hex("62 05 86 0E 00 00 00"))), MalformedAnswer);
  EXPECT_NO_THROW(static_cast<void>(parse_fcp(from_hex("62 00"))));
}

TEST(Fcp, EveryRecordedOneIsUnderstood) {
  unsigned seen = 0;
  for (const auto& prefix : {"hw-", "sim-"})
    for (const Recording& recording : recordings(prefix))
      for (const Exchange& exchange : recording.exchanges) {
        const Bytes& command = exchange.command.bytes;
        if (command.size() < 7 || command[0] != 0x80 || command[1] != 0xA4 || command[3] != 0x0C ||
            !exchange.ok())
          continue;
        const Fcp fcp = parse_fcp(exchange.data());
        const std::size_t end = 5U + command[4];
        EXPECT_EQ(read_be(BytesView(command).subspan(end - 2, 2)), fcp.id) << recording.name;
        EXPECT_GE(fcp.rules.size(), 4U) << recording.name;
        const bool is_pin = fcp.id == 0x0020 || fcp.id == 0x0010 || fcp.id == 0x0002;
        EXPECT_EQ(is_pin, parse_pin_properties(fcp.properties).has_value()) << recording.name;
        ++seen;
      }
  EXPECT_GT(seen, 300U);
}

TEST(Listing, OfARealCard) {
  const Listing listing =
      parse_listing(from_hex("D1 02 00 03 D2 02 03 44 D2 06 02 01 6B 78 73 31 D2 0A 86 7F 63 6D 61 "
                             "70 66 69 6C 65"));
  ASSERT_EQ(3U, listing.entries.size());
  EXPECT_TRUE(listing.complete);
  EXPECT_EQ(0x0201, listing.entries[1].id);
  EXPECT_EQ("kxs1", listing.entries[1].name);
  EXPECT_EQ("", listing.entries[0].name);
  EXPECT_TRUE(parse_listing(from_hex("D1 02 00 00")).complete);
}

TEST(Listing, CutOneIsKnownToBeSo) {
  const Listing cut = parse_listing(from_hex("D1 02 00 03 D2 02 03 44 D2 06 02 01 6B"));
  EXPECT_EQ(1U, cut.entries.size());
  EXPECT_FALSE(cut.complete);
  EXPECT_FALSE(parse_listing(from_hex("D1 02 00 01")).complete);
  EXPECT_THROW(static_cast<void>(parse_listing(from_hex("D2 02 03 44"))), MalformedAnswer);
  EXPECT_THROW(static_cast<void>(parse_listing({})), MalformedAnswer);
}

TEST(Listing, EveryRecordedOneIsComplete) {
  unsigned seen = 0;
  for (const Recording& recording : recordings("hw-"))
    for (const Exchange& exchange : recording.exchanges)
      if (exchange.command.bytes.size() >= 2 && exchange.command.bytes[1] == 0x30 &&
          exchange.ok()) {
        EXPECT_TRUE(parse_listing(exchange.data()).complete) << recording.name;
        ++seen;
      }
  EXPECT_GT(seen, 20U);
}

}  // namespace
}  // namespace kilt::jacarta::test
