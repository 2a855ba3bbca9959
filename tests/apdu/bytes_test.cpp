#include "apdu/bytes.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <gtest/gtest.h>

namespace kilt {
namespace {

TEST(Bytes, HexadecimalBothWays) {
  EXPECT_EQ("", to_hex({}));
  EXPECT_EQ("00FF3B", to_hex(Bytes{0x00, 0xFF, 0x3B}));
  EXPECT_EQ((Bytes{0x00, 0xFF, 0x3B}), from_hex("00 ff:3B\n"));
  EXPECT_THROW((void)from_hex("0"), std::invalid_argument);
  EXPECT_THROW((void)from_hex("0 0"), std::invalid_argument);
  EXPECT_THROW((void)from_hex("0g"), std::invalid_argument);
  EXPECT_THROW((void)from_hex("00 1"), std::invalid_argument);
}

TEST(Bytes, Numbers) {
  EXPECT_EQ(0x0102U, read_be(Bytes{0x01, 0x02}));
  EXPECT_EQ(~0ULL, read_be(Bytes(8, 0xFF)));
  EXPECT_THROW((void)read_be({}), std::out_of_range);
  EXPECT_THROW((void)read_be(Bytes(9, 0)), std::out_of_range);
  EXPECT_EQ((Bytes{0x00, 0x12, 0x34}), write_be(0x1234, 3));
  EXPECT_EQ((Bytes{0x34}), write_be(0x1234, 1)) << "the low bytes";
}

TEST(Bytes, Comparison) {
  EXPECT_TRUE(equal_constant_time({}, {}));
  EXPECT_TRUE(equal_constant_time(Bytes{1, 2}, Bytes{1, 2}));
  EXPECT_FALSE(equal_constant_time(Bytes{1, 2}, Bytes{1, 3}));
  EXPECT_FALSE(equal_constant_time(Bytes{1, 2}, Bytes{1, 2, 0}));
  EXPECT_FALSE(equal(Bytes{1}, Bytes{1, 2}));
}

TEST(Bytes, TextIsNotAltered) {
  const std::string text("k\xD2\x9B\x00z", 5);
  EXPECT_EQ(text, to_text(to_bytes(text)));
  EXPECT_EQ((Bytes{3, 2, 1}), reversed(Bytes{1, 2, 3}));
}

TEST(SecureBytes, MovesAndEmptiesItself) {
  SecureBytes secret(Bytes{1, 2, 3});
  SecureBytes other = std::move(secret);
  EXPECT_EQ(3U, other.size());
  EXPECT_EQ((Bytes{1, 2, 3}), other.clone().release());
  EXPECT_EQ((Bytes{1, 2, 3}), other.release());
  EXPECT_TRUE(other.empty());
}

/// What the kernel says of the memory there.
std::string mapping_flags(const void* address) {
  std::ifstream maps("/proc/self/smaps");
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);  // NOLINT: an address is asked for
  bool here = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t from = 0, to = 0;
    char dash = 0;
    std::istringstream fields(line);
    if (fields >> std::hex >> from >> dash >> to && dash == '-')
      here = from <= wanted && wanted < to;
    if (here && line.starts_with("VmFlags:")) return line + ' ';
  }
  return {};
}

TEST(SecureBytes, NoCoreDumpShowsThem) {
  const SecureBytes secret(Bytes{1, 2, 3});
  const Bytes other(100000, 1);
  const std::string flags = mapping_flags(secret.view().data());
  ASSERT_FALSE(flags.empty());
  EXPECT_NE(std::string::npos, flags.find(" dd ")) << flags;
  EXPECT_EQ(std::string::npos, mapping_flags(other.data()).find(" dd "));
}

// The allocator's promise, looked at from outside: std::allocator's memory would keep the bytes.
struct Seen {
  static inline Bytes at_free;
};
template <typename T>
struct SpyingAllocator : WipingAllocator<T> {
  void deallocate(T* memory, std::size_t count) noexcept {
    wipe(memory, count * sizeof(T));
    Seen::at_free.assign(memory, memory + count);
    std::allocator<T>().deallocate(memory, count);
  }
};

TEST(WipingAllocator, WipeLeavesZeros) {
  {
    std::vector<Byte, SpyingAllocator<Byte>> bytes{0xAA, 0xBB, 0xCC};
    bytes.shrink_to_fit();
  }
  ASSERT_GE(Seen::at_free.size(), 3U);
  for (const Byte byte : Seen::at_free) EXPECT_EQ(0, byte);
}

}  // namespace
}  // namespace kilt
