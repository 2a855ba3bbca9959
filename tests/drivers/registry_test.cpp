#include "drivers/registry.h"

#include <gtest/gtest.h>

#include "tests/support/scripted_connection.h"

namespace kilt {
namespace {

/// Two per family and two.
constexpr std::size_t kMostProbes = 14;

std::size_t apdus_of_opening(const Bytes& atr, const test::FunctionConnection::Function& answers,
                             bool& recognised) {
  auto* connection = new test::FunctionConnection(answers, atr);
  apdu::Card card{std::unique_ptr<apdu::Connection>(connection)};
  try {
    recognised = open_token(card, ProfileSet::builtin()) != nullptr;
  } catch (const TokenNotRecognized&) {
    recognised = false;
  }
  return connection->count();
}

TEST(Registry, KnownAtrCostsTheSerialNumberOnly) {
  bool recognised = false;
  EXPECT_EQ(1U, apdus_of_opening(
                    from_hex("3B 88 01 4B 41 5A 54 4F 4B 45 4E 82"),
                    [](BytesView) { return from_hex("00000000 3A5F1207 9000"); }, recognised));
  EXPECT_TRUE(recognised);
}

// Design decision 24: an ATR alone makes no token.
TEST(Registry, KnownAtrOfACardThatKnowsNothing) {
  for (const char* answer : {"6F00", "6D00", "6A82", "9000", "6982"}) {
    bool recognised = true;
    EXPECT_LE(apdus_of_opening(
                  from_hex("3B 88 01 4B 41 5A 54 4F 4B 45 4E 82"),
                  [&](BytesView) { return from_hex(answer); }, recognised),
              16U)
        << answer;
    EXPECT_FALSE(recognised) << answer;
  }
}

TEST(Registry, UnknownCardsAreTold) {
  for (const char* atr : {"3B 00", "3B 8A 80 01 00 31 C1 73 C8 40 00 00 90 00 90", ""}) {
    bool recognised = true;
    const auto count = apdus_of_opening(
        from_hex(atr),
        [](BytesView) {
          return Bytes{0x6A, 0x82};
        },
        recognised);
    EXPECT_FALSE(recognised) << atr;
    EXPECT_LE(count, kMostProbes) << "few questions to a stranger";
  }
}

TEST(Registry, ProfileOfAnUnknownFamily) {
  ProfileSet profiles;
  profiles.add("name = \"x\"\nfamily = \"nobody\"\n[[atr]]\nvalue = \"3B 00\"\n", "x.toml");
  apdu::Card card(std::make_unique<test::FunctionConnection>(
      [](BytesView) {
        return Bytes{0x90, 0};
      },
      Bytes{0x3B, 0x00}));
  EXPECT_THROW((void)open_token(card, profiles), TokenNotRecognized);
}

}  // namespace
}  // namespace kilt
