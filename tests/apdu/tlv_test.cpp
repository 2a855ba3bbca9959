// BER-TLV and SIMPLE-TLV, well-formed and hostile.
#include "apdu/tlv.h"

#include <random>
#include <stdexcept>

#include <gtest/gtest.h>

namespace kilt::tlv {
namespace {

TEST(Tlv, ReadsTagsAndLengthsOfEveryForm) {
  const Bytes bytes = from_hex("5F2D02 6B6B 7F49 03 800155 84 8100 9F8101 00");
  Reader reader(bytes);
  auto node = reader.next();
  ASSERT_TRUE(node);
  EXPECT_EQ(0x5F2DU, node->tag);
  EXPECT_EQ("6B6B", to_hex(node->value));
  EXPECT_FALSE(node->constructed());
  node = reader.next();
  EXPECT_EQ(0x7F49U, node->tag);
  EXPECT_TRUE(node->constructed());
  EXPECT_EQ("7F4903800155", to_hex(node->encoded));
  node = reader.next();
  EXPECT_EQ(0x84U, node->tag);
  EXPECT_TRUE(node->value.empty());
  node = reader.next();
  EXPECT_EQ(0x9F8101U, node->tag);
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.rest().empty());
}

TEST(Tlv, LongLengths) {
  for (const std::size_t size : {0U, 1U, 0x7FU, 0x80U, 0xFFU, 0x100U, 0xFFFFU, 0x10000U}) {
    const Bytes encoded = encode(0x53, Bytes(size, 0xAB));
    const auto node = Reader(encoded).next();
    ASSERT_TRUE(node) << size;
    EXPECT_EQ(size, node->value.size());
    EXPECT_EQ(encoded.size(), node->encoded.size());
  }
  EXPECT_EQ("5381FF", to_hex(BytesView(encode(0x53, Bytes(0xFF, 0))).first(3)));
  EXPECT_EQ("7F4900", to_hex(encode(0x7F49, {})));
}

class DamagedTlv : public ::testing::TestWithParam<const char*> {};

TEST_P(DamagedTlv, IsRefused) {
  const Bytes bytes = from_hex(GetParam());
  EXPECT_THROW(
      {
        Reader reader(bytes);
        while (reader.next()) {
        }
      },
      MalformedAnswer);
  EXPECT_THROW((void)find(bytes, 0xFFFF), MalformedAnswer);
}

INSTANTIATE_TEST_SUITE_P(Each, DamagedTlv,
                         ::testing::Values("5F",               // truncated tag
                                           "9F81",             // truncated three-byte tag
                                           "9F818101 00",      // four-byte tag
                                           "9FFFFFFFFF00",     // tag that does not end
                                           "84",               // no length
                                           "8481",             // truncated length
                                           "848200",           // truncated length
                                           "8480",             // indefinite
                                           "308000000000",     // indefinite with an end
                                           "8401",             // value missing
                                           "84FF",             // length of 127 bytes
                                           "84FFFFFFFF",       // reserved form
                                           "8485 0000000000",  // five length bytes
                                           "8484 FFFFFFFF",    // 4 GiB
                                           "8484 7FFFFFFF 00", "84827FFF00", "30 05 840100"));

TEST(Tlv, ChildrenAreBoundedByTheirParent) {
  // The inner length fits in the buffer but not in its parent.
  const Bytes bytes = from_hex("6F 03 84 05 41 4243444546");
  const auto outer = find(bytes, 0x6F);
  ASSERT_TRUE(outer);
  EXPECT_THROW((void)find(outer->value, 0x84), MalformedAnswer);
}

TEST(Tlv, DuplicateTagsTheFirstCounts) {
  EXPECT_EQ("01", to_hex(find(from_hex("840101 840102"), 0x84)->value));
}

TEST(Tlv, FindPath) {
  const Bytes bytes = from_hex("6F07 A505 5F2D02 6B6B");
  const auto node = find_path(bytes, {0x6F, 0xA5, 0x5F2D});
  ASSERT_TRUE(node);
  EXPECT_EQ("6B6B", to_hex(node->value));
  EXPECT_FALSE(find_path(bytes, {0x6F, 0xA6, 0x5F2D}));
  EXPECT_FALSE(find_path({}, {0x6F}));
  EXPECT_THROW((void)find_path(bytes, {1, 2, 3, 4, 5, 6, 7, 8, 9}), std::length_error);
}

TEST(Tlv, DepthOfTenThousandIsJustBytes) {
  Bytes bytes;
  for (unsigned i = 0; i < 10000; ++i)
    bytes = encode(0x30, BytesView(bytes).first(std::min<std::size_t>(bytes.size(), 60000)));
  EXPECT_TRUE(find(bytes, 0x30));
  EXPECT_TRUE(find_path(bytes, {0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30}));
}

TEST(SimpleTlv, BothLengthForms) {
  Bytes bytes = encode_simple(0x01, Bytes(254, 0x11));
  append(bytes, encode_simple(0x02, Bytes(255, 0x22)));
  append(bytes, encode_simple(0xFF, Bytes(65535, 0x33)));
  Reader reader(bytes, Reader::Form::kSimple);
  EXPECT_EQ(254U, reader.next()->value.size());
  auto node = reader.next();
  EXPECT_EQ(255U, node->value.size());
  EXPECT_EQ("02FF00FF", to_hex(node->encoded.first(4)));
  node = reader.next();
  EXPECT_EQ(0xFFU, node->tag);
  EXPECT_EQ(65535U, node->value.size());
  EXPECT_FALSE(reader.next());
  EXPECT_THROW((void)encode_simple(1, Bytes(65536, 0)), std::length_error);
}

TEST(SimpleTlv, TruncatedIsRefused) {
  for (const char* text : {"01", "01FF", "01FF00", "0101", "01FFFFFF", "01FF000100"}) {
    const Bytes bytes = from_hex(text);
    Reader reader(bytes, Reader::Form::kSimple);
    if (std::string(text) == "01FF000100") {
      EXPECT_TRUE(reader.next()) << "a long form where the short one would do";
      continue;
    }
    EXPECT_THROW(reader.next(), MalformedAnswer) << text;
  }
}

TEST(Tlv, RandomBytesEndOrThrow) {
  std::mt19937 random(1);
  for (unsigned round = 0; round < 20000; ++round) {
    Bytes bytes(random() % 40);
    for (Byte& byte : bytes) byte = static_cast<Byte>(random());
    for (const auto form : {Reader::Form::kBer, Reader::Form::kSimple}) {
      Reader reader(bytes, form);
      std::size_t total = 0;
      try {
        while (const auto node = reader.next()) total += node->encoded.size();
        EXPECT_EQ(bytes.size(), total);
      } catch (const MalformedAnswer&) {
        EXPECT_LE(total, bytes.size());
      }
    }
  }
}

}  // namespace
}  // namespace kilt::tlv
