// Profiles: valid ones, and each kind of mistake with the line it is in.
#include "drivers/profile/profile.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace kilt {
namespace {

constexpr const char* kGood = R"(name = "token"
family = "kaztoken"
manufacturer = "Maker"
model = "Model"
storage_oid = "1.2.398"
[[atr]]
value = "3B 88 01"
mask = "FF FF 0F"
[[atr]]
value = "3B8801"
[[factory_pin]]
name = "factory"
role = "user"
value = "12345678"
)";

TEST(Profile, Valid) {
  ProfileSet set;
  set.add(kGood, "token.toml");
  const Profile* profile = set.find("token");
  ASSERT_NE(nullptr, profile);
  EXPECT_EQ("kaztoken", profile->family);
  EXPECT_EQ("Maker", profile->manufacturer);
  EXPECT_EQ("Model", profile->model);
  EXPECT_EQ("1.2.398", profile->storage_oid);
  ASSERT_EQ(2U, profile->atrs.size());
  EXPECT_EQ((Bytes{0xFF, 0xFF, 0x0F}), profile->atrs[0].mask);
  EXPECT_EQ((Bytes{0xFF, 0xFF, 0xFF}), profile->atrs[1].mask) << "no mask compares everything";
  EXPECT_EQ("token.toml", profile->source);
  EXPECT_TRUE(profile->is_factory_pin(PinRole::kUser, to_bytes("12345678")));
  EXPECT_FALSE(profile->is_factory_pin(PinRole::kSo, to_bytes("12345678")));
  EXPECT_FALSE(profile->is_factory_pin(PinRole::kUser, to_bytes("1234567")));
  EXPECT_EQ(nullptr, set.find("tok"));
}

struct Mistake {
  const char* text;
  int line;
  const char* words;
};

class ProfileMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(ProfileMistake, NamesFileLineAndReason) {
  ProfileSet set;
  try {
    set.add(GetParam().text, "dir/bad.toml");
    FAIL() << "accepted";
  } catch (const ProfileError& error) {
    const std::string what = error.what();
    const std::string place = "dir/bad.toml:" + std::to_string(GetParam().line) + ":";
    EXPECT_EQ(0U, what.find(place)) << what;
    EXPECT_NE(std::string::npos, what.find(GetParam().words)) << what;
  }
  EXPECT_TRUE(set.all().empty());
}

INSTANTIATE_TEST_SUITE_P(
    Each, ProfileMistake,
    ::testing::Values(
        Mistake{"name = \"a\"\nfamily = [\n", 2, "array"},
        Mistake{"name = \"a\"\nname = \"b\"\n", 2, ""},
        Mistake{"family = \"f\"\n", 1, "'name' is missing"},
        Mistake{"name = \"a\"\n", 1, "'family' is missing"},
        Mistake{"name = \"\"\nfamily = \"f\"\n", 1, "'name' is empty"},
        Mistake{"name = \"a\"\nfamily = 1\n", 2, "'family' must be a string"},
        Mistake{"name = \"a\"\nfamily = \"f\"\nfimaly = \"f\"\n", 3, "unknown key 'fimaly'"},
        Mistake{"name = \"a\"\nfamily = \"f\"\nmanufacturer = "
                "\"123456789012345678901234567890123\"\n",
                3, "at most 32"},
        Mistake{"name = \"a\"\nfamily = \"f\"\nmodel = \"12345678901234567\"\n", 3, "at most 16"},
        Mistake{"name = \"a\"\nfamily = \"f\"\nstorage_oid = \"1.2.x\"\n", 3, "digits and dots"},
        Mistake{"name = \"a\"\nfamily = \"f\"\natr = \"3B\"\n", 3, "[[atr]]"},
        Mistake{"name = \"a\"\nfamily = \"f\"\natr = [1]\n", 3, "[[atr]]"},
        Mistake{"name = \"a\"\nfamily = \"f\"\n[[atr]]\nmask = \"FF\"\n", 3, "'value' is missing"},
        Mistake{"name = \"a\"\nfamily = \"f\"\n[[atr]]\nvalue = \"3B 8\"\n", 4, "'value'"},
        Mistake{"name = \"a\"\nfamily = \"f\"\n[[atr]]\nvalue = \"3B ZZ\"\n", 4, "'value'"},
        Mistake{"name = \"a\"\nfamily = \"f\"\n[[atr]]\nvalue = \"3B\"\n", 4, "2 to 33 bytes"},
        Mistake{"name = \"a\"\nfamily = \"f\"\n[[atr]]\nvalue = "
                "\"3B0000000000000000000000000000000000000000000000000000000000000000FF\"\n",
                4, "2 to 33 bytes"},
        Mistake{"name = \"a\"\nfamily = \"f\"\n[[atr]]\nvalue = \"3B 00\"\nmask = \"FF\"\n", 5,
                "as long as"},
        Mistake{"name = \"a\"\nfamily = \"f\"\n[[atr]]\nvalue = \"3B 00\"\nnope = 1\n", 5,
                "unknown key"},
        Mistake{"name = \"a\"\nfamily = \"f\"\n[[factory_pin]]\nname = \"x\"\nrole = "
                "\"admin\"\nvalue = \"1\"\n",
                5, "'role'"},
        Mistake{"name = \"a\"\nfamily = \"f\"\n[[factory_pin]]\nname = \"x\"\nrole = "
                "\"so\"\nvalue = \"\"\n",
                6, "empty"},
        Mistake{"name = \"a\"\nfamily = \"f\"\n[[factory_pin]]\nrole = \"so\"\nvalue = \"1\"\n", 3,
                "'name' is missing"}));

TEST(Profile, MoreExactPatternWins) {
  ProfileSet set;
  set.add("name = \"wide\"\nfamily = \"w\"\n[[atr]]\nvalue = \"3B 88 01\"\nmask = \"FF 00 00\"\n",
          "w");
  set.add("name = \"exact\"\nfamily = \"e\"\n[[atr]]\nvalue = \"3B 88 01\"\n", "e");
  EXPECT_EQ("exact", set.match(Bytes{0x3B, 0x88, 0x01})->name);
  EXPECT_EQ("wide", set.match(Bytes{0x3B, 0x88, 0x02})->name);
  EXPECT_EQ(nullptr, set.match(Bytes{0x3F, 0x88, 0x02}));
  EXPECT_EQ(nullptr, set.match(Bytes{0x3B, 0x88}));
  EXPECT_EQ(nullptr, set.match({}));
}

TEST(Profile, LaterOneOfTheSameNameReplaces) {
  ProfileSet set;
  set.add("name = \"a\"\nfamily = \"one\"\n", "1");
  set.add("name = \"a\"\nfamily = \"two\"\n", "2");
  ASSERT_EQ(1U, set.all().size());
  EXPECT_EQ("two", set.find("a")->family);
}

TEST(Profile, FolderReadsGoodFilesAndReportsBadOnes) {
  std::string folder = "/tmp/kilt-profiles-XXXXXX";
  ASSERT_NE(nullptr, mkdtemp(folder.data()));
  const std::filesystem::path path(folder);
  std::ofstream(path / "1.toml") << kGood;
  std::ofstream(path / "2.toml") << "name = 1\n";
  std::ofstream(path / "3.toml") << "name = \"late\"\nfamily = \"f\"\n";
  std::ofstream(path / "big.toml") << std::string(300 * 1024, '#');
  std::ofstream(path / "ignored.txt") << "nonsense";
  std::filesystem::create_directory(path / "folder.toml");
  ProfileSet set;
  std::vector<std::string> errors;
  set.add_folder(path, [&](const ProfileError& error) { errors.emplace_back(error.what()); });
  set.add_folder(path / "absent",
                 [&](const ProfileError& error) { errors.emplace_back(error.what()); });
  EXPECT_EQ(2U, set.all().size());
  ASSERT_EQ(3U, errors.size());
  EXPECT_NE(std::string::npos, errors[0].find("2.toml:1:"));
  std::filesystem::remove_all(path);
}

TEST(Profile, BuiltInOnesNameFamiliesAndAtrs) {
  const ProfileSet set = ProfileSet::builtin();
  ASSERT_NE(nullptr, set.find("kaztoken"));
  const auto* usb = set.match(from_hex("3B 88 01 4B 41 5A 54 4F 4B 45 4E 82"));
  ASSERT_NE(nullptr, usb);
  EXPECT_EQ("kaztoken", usb->name);
  const auto* card = set.match(from_hex("3B 98 96 00 4B 41 5A 54 4F 4B 45 4E"));
  ASSERT_NE(nullptr, card);
  EXPECT_EQ("kaztoken", card->name);
}

}  // namespace
}  // namespace kilt
