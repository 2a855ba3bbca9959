// The disk cache: only what is the user's own, of this token and of this mark, is believed.
#include "drivers/cache.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temporary_folder.h"

namespace kilt::cache {
namespace {

const Bytes kSerial{0x00, 0x2C, 0xDB};
const Files kFiles{{{0x50, 0x31}, {0x01, 0x02}}, {{0x50, 0x32}, {}}};

class Cache : public ::testing::Test {
 protected:
  void SetUp() override { set_folder(folder_.path() / "kilt"); }
  void TearDown() override { set_folder({}); }
  static CacheKey key(std::string_view mark) { return {"family", kSerial, mark}; }
  [[nodiscard]] std::filesystem::path file() const {
    return folder_.path() / "kilt" / "family-002CDB.json";
  }
  test::TemporaryFolder folder_;
};

TEST_F(Cache, ThereAndBack) {
  EXPECT_FALSE(load(key("1")));
  store(key("1"), kFiles);
  EXPECT_EQ(kFiles, load(key("1")));
}

TEST_F(Cache, AnotherMarkOrTokenIsNotTaken) {
  store(key("1"), kFiles);
  EXPECT_FALSE(load(key("2")));
  EXPECT_FALSE(load({"family", Bytes{0x01}, "1"}));
  EXPECT_FALSE(load({"other", kSerial, "1"}));
}

TEST_F(Cache, WithoutAMarkOrAFolderNothingIsKept) {
  store(key(""), kFiles);
  EXPECT_FALSE(std::filesystem::exists(file()));
  set_folder({});
  store(key("1"), kFiles);
  EXPECT_FALSE(load(key("1")));
}

TEST_F(Cache, BelongsToItsOwnerAlone) {
  store(key("1"), kFiles);
  struct stat about {};
  ASSERT_EQ(0, stat(file().c_str(), &about));
  EXPECT_EQ(S_IRUSR | S_IWUSR, static_cast<int>(about.st_mode & 0777));
  for (const mode_t mode : {0644U, 0640U, 0604U, 0620U, 0602U, 0610U, 0666U, 0777U}) {
    ASSERT_EQ(0, chmod(file().c_str(), mode));
    EXPECT_FALSE(load(key("1"))) << "others could have written it: " << std::oct << mode;
  }
  ASSERT_EQ(0, chmod(file().c_str(), 0600));
  EXPECT_TRUE(load(key("1")));
}

TEST_F(Cache, AFileOfAnotherUserIsNotTaken) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can make a file of another user's";
  store(key("1"), kFiles);
  constexpr uid_t kOther = 65534;
  ASSERT_EQ(0, chown(file().c_str(), kOther, kOther));
  EXPECT_FALSE(load(key("1")));
  store(key("1"), kFiles);
  EXPECT_EQ(kFiles, load(key("1"))) << "it is replaced by one's own";
}

TEST_F(Cache, AnotherTokensFileUnderThisName) {
  store({"family", Bytes{0x01}, "1"}, {{{0x50, 0x31}, {0x66}}});
  std::filesystem::rename(file().parent_path() / "family-01.json", file());
  EXPECT_FALSE(load(key("1"))) << "same mark, other serial";
  store({"other", kSerial, "1"}, {{{0x50, 0x31}, {0x66}}});
  std::filesystem::rename(file().parent_path() / "other-002CDB.json", file());
  EXPECT_FALSE(load(key("1"))) << "same mark, other family";
}

TEST_F(Cache, LinksAreNotFollowed) {
  store(key("1"), kFiles);
  std::filesystem::rename(file(), folder_.path() / "elsewhere");
  std::filesystem::create_symlink(folder_.path() / "elsewhere", file());
  EXPECT_FALSE(load(key("1")));
  store(key("1"), kFiles);
  EXPECT_FALSE(std::filesystem::is_symlink(file())) << "the link is replaced, not written through";
  EXPECT_EQ(kFiles, load(key("1")));
}

TEST_F(Cache, TheDraftIsNotWrittenThroughALink) {
  const std::filesystem::path victim = folder_.path() / "victim";
  std::ofstream(victim) << "precious";
  std::filesystem::create_directories(file().parent_path());
  std::filesystem::create_symlink(victim, file().string() + "." + std::to_string(getpid()));
  store(key("1"), kFiles);
  std::string text;
  std::getline(std::ifstream(victim), text);
  EXPECT_EQ("precious", text);
  EXPECT_EQ(kFiles, load(key("1")));
}

TEST_F(Cache, WhatIsNoPlainFile) {
  std::filesystem::create_directories(file());
  EXPECT_FALSE(load(key("1")));
  store(key("1"), kFiles);  // cannot take a folder's place, and is silent about it
  EXPECT_FALSE(load(key("1")));
  std::filesystem::remove_all(file());
  ASSERT_EQ(0, mkfifo(file().c_str(), 0600));
  EXPECT_FALSE(load(key("1"))) << "and does not wait for somebody to write into it";
}

/// The whole of what store() writes, as text.
std::string text_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_F(Cache, TruncatedAnywhereIsNothing) {
  store(key("1"), kFiles);
  const std::string whole = text_of(file());
  ASSERT_GT(whole.size(), 50U);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::ofstream(file(), std::ios::trunc) << whole.substr(0, size);
    EXPECT_FALSE(load(key("1"))) << size;
  }
  std::ofstream(file(), std::ios::trunc) << whole << "x";
  EXPECT_FALSE(load(key("1")));
  std::ofstream(file(), std::ios::trunc) << whole;
  EXPECT_EQ(kFiles, load(key("1")));
}

TEST_F(Cache, DamageIsNothingAndEndsNothing) {
  const std::string head = R"({"version":2,"family":"family","serial":"002CDB","mark":"1")";
  store(key("1"), kFiles);
  std::ofstream(file(), std::ios::trunc) << head << R"(,"files":{"01":"02"}})";
  EXPECT_EQ((Files{{{0x01}, {0x02}}}), load(key("1"))) << "what follows differs in one thing";
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("{}"), head + "}",
        head + R"(,"files":[1]})", head + R"(,"files":7})", head + R"(,"files":{"XY":"01"}})",
        head + R"(,"files":{"01":7}})", head + R"(,"files":{"01":["02"]}})",
        head + R"(,"files":{"1":"02"}})", std::string(1UL << 18U, '['),
        head + R"(,"x":)" + std::string(1UL << 18U, '[') + "}",
        R"({"version":1)" + head.substr(12) + R"(,"files":{}})",
        R"({"version":"2")" + head.substr(12) + R"(,"files":{}})"}) {
    std::ofstream(file(), std::ios::trunc) << text;
    EXPECT_FALSE(load(key("1"))) << text.substr(0, 80);
  }
  std::filesystem::resize_file(file(), 5UL << 20U);
  EXPECT_FALSE(load(key("1"))) << "longer than any that store() writes";
}

TEST_F(Cache, AFolderThatCannotBeMadeIsNoError) {
  set_folder("/proc/kilt");
  store(key("1"), kFiles);
  EXPECT_FALSE(load(key("1")));
}

}  // namespace
}  // namespace kilt::cache
