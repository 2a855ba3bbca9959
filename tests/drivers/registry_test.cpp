#include "drivers/registry.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/support/scripted_connection.h"

namespace kilt {
namespace {

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

TEST(Registry, FamiliesHaveUniqueNamesAndOpeners) {
  std::set<std::string> names;
  for (const Family& family : families()) {
    EXPECT_TRUE(names.insert(family.name).second) << family.name;
    EXPECT_NE(nullptr, family.open);
  }
}

TEST(Registry, EveryBuiltInProfileHasItsFamily) {
  const ProfileSet builtin = ProfileSet::builtin();
  for (const Profile& profile : builtin.all()) {
    bool found = false;
    for (const Family& family : families()) found = found || profile.family == family.name;
    EXPECT_TRUE(found) << profile.name << " names " << profile.family;
  }
}

TEST(Registry, KnownAtrBindsWithoutAnApdu) {
  bool recognised = false;
  EXPECT_EQ(0U, apdus_of_opening(
                    from_hex("3B 88 01 4B 41 5A 54 4F 4B 45 4E 82"),
                    [](BytesView) {
                      return Bytes{0x6F, 0};
                    },
                    recognised));
  EXPECT_TRUE(recognised);
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
    EXPECT_LE(count, 2 * families().size() + 2) << "few questions to a stranger";
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
