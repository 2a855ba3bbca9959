// The disk cache: only what is the user's own, of this token and of this mark, is believed.
#include "drivers/cache.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temporary_folder.h"

namespace kilt::cache {
namespace {

const Bytes kSerial{0x00, 0x2C, 0xDB};
const Files kFiles{{{0x50, 0x31}, {0x01, 0x02}}, {{0x50, 0x32}, {}}};

class Cache : public ::testing::Test {
 protected:
  void SetUp() override { set_folder(folder_.path() / "kilt"); }
  void TearDown() override { set_folder({}); }
  static Subject subject(std::string_view mark) { return {"family", kSerial, mark}; }
  [[nodiscard]] std::filesystem::path file() const {
    return folder_.path() / "kilt" / "family-002CDB.json";
  }
  test::TemporaryFolder folder_;
};

TEST_F(Cache, ThereAndBack) {
  EXPECT_FALSE(load(subject("1")));
  store(subject("1"), kFiles);
  EXPECT_EQ(kFiles, load(subject("1")));
}

TEST_F(Cache, AnotherMarkOrTokenIsNotTaken) {
  store(subject("1"), kFiles);
  EXPECT_FALSE(load(subject("2")));
  EXPECT_FALSE(load({"family", Bytes{0x01}, "1"}));
  EXPECT_FALSE(load({"other", kSerial, "1"}));
}

TEST_F(Cache, WithoutAMarkOrAFolderNothingIsKept) {
  store(subject(""), kFiles);
  EXPECT_FALSE(std::filesystem::exists(file()));
  set_folder({});
  store(subject("1"), kFiles);
  EXPECT_FALSE(load(subject("1")));
}

TEST_F(Cache, BelongsToItsOwnerAlone) {
  store(subject("1"), kFiles);
  struct stat about {};
  ASSERT_EQ(0, stat(file().c_str(), &about));
  EXPECT_EQ(S_IRUSR | S_IWUSR, static_cast<int>(about.st_mode & 0777));
  ASSERT_EQ(0, chmod(file().c_str(), 0644));
  EXPECT_FALSE(load(subject("1"))) << "others could have written it";
}

TEST_F(Cache, LinksAreNotFollowed) {
  store(subject("1"), kFiles);
  std::filesystem::rename(file(), folder_.path() / "elsewhere");
  std::filesystem::create_symlink(folder_.path() / "elsewhere", file());
  EXPECT_FALSE(load(subject("1")));
  store(subject("1"), kFiles);
  EXPECT_FALSE(std::filesystem::is_symlink(file())) << "the link is replaced, not written through";
  EXPECT_EQ(kFiles, load(subject("1")));
}

TEST_F(Cache, DamageIsNothing) {
  for (const char* text :
       {"", "{", "[]", "{}", R"({"version":1,"mark":"1"})",
        R"({"version":1,"mark":"1","files":[1]})",
        R"({"version":1,"mark":"1","files":{"XY":"01"}})",
        R"({"version":1,"mark":"1","files":{"01":7}})", R"({"version":2,"mark":"1","files":{}})"}) {
    store(subject("1"), kFiles);
    std::ofstream(file(), std::ios::trunc) << text;
    EXPECT_FALSE(load(subject("1"))) << text;
  }
}

TEST_F(Cache, AFolderThatCannotBeMadeIsNoError) {
  set_folder("/proc/kilt");
  store(subject("1"), kFiles);
  EXPECT_FALSE(load(subject("1")));
}

}  // namespace
}  // namespace kilt::cache
