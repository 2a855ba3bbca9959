// kilt.toml and profiles say what is loaded and sent: only those are read that nobody else could
// have written.
#include "drivers/profile/trusted_file.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/profile/profile.h"
#include "tests/support/temporary_folder.h"

namespace kilt {
namespace {

constexpr uid_t kSomebody = 12345;

class TrustedFile : public testing::Test {
 protected:
  void SetUp() override {
    file_ = folder_.path() / "kilt.toml";
    std::ofstream(file_) << "text";
    chmod(file_.c_str(), 0644);
    chmod(folder_.path().c_str(), 0755);
  }
  [[nodiscard]] bool refused() const {
    try {
      return read_trusted_file(file_, 100) != "text";
    } catch (const UntrustedFile&) {
      return true;
    }
  }

  test::TemporaryFolder folder_;
  std::filesystem::path file_;
};

TEST_F(TrustedFile, OwnFileIsRead) { EXPECT_FALSE(refused()); }

TEST_F(TrustedFile, WritableByOthersIsRefused) {
  chmod(file_.c_str(), 0646);
  EXPECT_TRUE(refused());
}

TEST_F(TrustedFile, FolderWritableByOthersIsRefused) {
  chmod(folder_.path().c_str(), 0757);
  EXPECT_TRUE(refused()) << "whoever may write there may put another file in its place";
  chmod(folder_.path().c_str(), 01757);
  EXPECT_FALSE(refused()) << "not with the sticky bit";
}

TEST_F(TrustedFile, AnotherUsersFileIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_EQ(0, chown(file_.c_str(), kSomebody, 0));
  EXPECT_TRUE(refused()) << "a module named there would be loaded as root";
}

TEST_F(TrustedFile, AnotherUsersFolderIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  ASSERT_EQ(0, chown(folder_.path().c_str(), kSomebody, 0));
  EXPECT_TRUE(refused());
}

TEST_F(TrustedFile, LinkIsJudgedByWhatItLeadsTo) {
  const auto link = folder_.path() / "link";
  ASSERT_EQ(0, symlink(file_.c_str(), link.c_str()));
  EXPECT_EQ("text", read_trusted_file(link, 100));
  chmod(file_.c_str(), 0666);
  EXPECT_THROW(static_cast<void>(read_trusted_file(link, 100)), UntrustedFile);
}

TEST_F(TrustedFile, FifoAndDeviceAreRefusedWithoutWaiting) {
  const auto fifo = folder_.path() / "fifo";
  ASSERT_EQ(0, mkfifo(fifo.c_str(), 0600));
  EXPECT_THROW(static_cast<void>(read_trusted_file(fifo, 100)), UntrustedFile);
  EXPECT_THROW(static_cast<void>(read_trusted_file("/dev/zero", 100)), UntrustedFile);
}

TEST_F(TrustedFile, TooLargeIsRefused) {
  EXPECT_THROW(static_cast<void>(read_trusted_file(file_, 3)), UntrustedFile);
}

TEST_F(TrustedFile, ProfilesOfAFolderToo) {
  const auto profile = folder_.path() / "planted.toml";
  std::ofstream(profile) << "name = \"planted\"\nfamily = \"kaztoken\"\n";
  const auto problems = [&] {
    ProfileSet set;
    std::string told;
    set.add_folder(folder_.path(), [&](const ProfileError& error) { told += error.what(); });
    return set.find("planted") == nullptr ? told : "read";
  };
  chmod(profile.c_str(), 0644);
  std::filesystem::remove(file_);
  EXPECT_EQ("read", problems());
  chmod(profile.c_str(), 0666);
  EXPECT_NE(std::string::npos, problems().find("may be written by other users"));
}

}  // namespace
}  // namespace kilt
