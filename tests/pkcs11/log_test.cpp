// The module's log and trace go to regular files alone.
#include "pkcs11/log.h"

#include <array>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temporary_folder.h"

namespace kilt::p11 {
namespace {

class Log : public testing::Test {
 protected:
  void TearDown() override { close_log(); }
  void open(const std::filesystem::path& path) {
    Config config;
    config.log_target = Config::LogTarget::kFile;
    config.log_file = path;
    config.trace_file = path;
    open_log(config);
    log_line("a line");
  }
  test::TemporaryFolder folder_;
};

TEST_F(Log, FileOfItsOwnerOnly) {
  const auto path = folder_.path() / "log";
  open(path);
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_NE(std::string::npos, text.str().find("a line"));
  struct stat state {};
  ASSERT_EQ(0, stat(path.c_str(), &state));
  EXPECT_EQ(0600U, state.st_mode & 0777U);
}

TEST_F(Log, FifoAndLinkAreNotWritten) {
  const auto fifo = folder_.path() / "fifo";
  ASSERT_EQ(0, mkfifo(fifo.c_str(), 0600));
  const int reader = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  open(fifo);
  std::array<char, 100> text{};
  EXPECT_LE(read(reader, text.data(), text.size()), 0) << "it may block, or be somebody's";
  ::close(reader);
  const auto link = folder_.path() / "link";
  const auto target = folder_.path() / "target";
  ASSERT_EQ(0, symlink(target.c_str(), link.c_str()));
  open(link);
  EXPECT_FALSE(std::filesystem::exists(target));
}

}  // namespace
}  // namespace kilt::p11
