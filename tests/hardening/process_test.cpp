// Points 23, 24, 26 and re-entry: the module as a library in programs of their own
// (use_module.cpp), on a virtual token's socket.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/paths.h"
#include "tests/support/ready_kaztoken.h"

namespace kilt::test {
namespace {

using namespace std::chrono_literals;

class Process : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = "/tmp/kilt-process-XXXXXX";
    ASSERT_NE(nullptr, mkdtemp(folder.data()));
    folder_ = folder;
    std::ofstream(folder_ / "state.json") << ready_kaztoken().dump();
    std::ofstream(folder_ / "kilt.toml") << "[readers]\npcsc = false\n";
    environment_ = {{"KILT_CONF", folder_ / "kilt.toml"},
                    {"KILT_SOCKETS", folder_ / "token"},
                    {"XDG_CACHE_HOME", "/dev/null"},
                    // GCC 12's LeakSanitizer faults in its own tracer when it looks at a library
                    // that dlopen() brought; leaks are looked for where the module is linked in.
                    {"ASAN_OPTIONS", "detect_leaks=0"}};
    token_ = start({paths::vtoken(), "kaztoken", "--listen", folder_ / "token", "--state",
                    folder_ / "state.json"});
    for (int i = 0; i < 500 && !std::filesystem::exists(folder_ / "token"); ++i)
      std::this_thread::sleep_for(10ms);
  }
  void TearDown() override {
    if (token_ > 0) {
      kill(token_, SIGTERM);
      waitpid(token_, nullptr, 0);
    }
    std::filesystem::remove_all(folder_);
  }
  pid_t start(const std::vector<std::string>& command) {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    for (const auto& [name, value] : environment_) setenv(name.c_str(), value.c_str(), 1);
    if (caller_ && (setgid(*caller_) != 0 || setuid(*caller_) != 0)) _exit(126);
    alarm(60);
    std::vector<char*> arguments;
    for (const std::string& argument : command)
      arguments.push_back(const_cast<char*>(argument.c_str()));  // NOLINT: execv's signature
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  /// Exit status; -1 if it crashed or hung.
  int run(const std::vector<std::string>& command) {
    int status = 0;
    waitpid(start(command), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  std::string copy() {
    std::filesystem::copy_file(paths::module(), folder_ / "copy.so");
    return folder_ / "copy.so";
  }

  std::filesystem::path folder_;
  std::map<std::string, std::string> environment_;
  std::optional<uid_t> caller_;  ///< whose program is started; nothing: the test's own
  pid_t token_ = 0;
};

TEST_F(Process, Plain) { EXPECT_EQ(0, run({paths::use_module(), "sign", paths::module()})); }

TEST_F(Process, UnloadedWithoutFinalize) {
  EXPECT_EQ(0, run({paths::use_module(), "unload", paths::module()}));
}

TEST_F(Process, ExitWhileAnotherThreadSigns) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(0, run({paths::use_module(), "exit", paths::module()}));
}

TEST_F(Process, TwoCopies) {
  EXPECT_EQ(0, run({paths::use_module(), "copies", paths::module(), copy()}));
}

TEST_F(Process, Signals) { EXPECT_EQ(0, run({paths::use_module(), "signals", paths::module()})); }

TEST_F(Process, NoHomeNoDescriptors) {
  EXPECT_EQ(0, run({paths::use_module(), "bare", paths::module()}));
}

TEST_F(Process, TurkishLocale) {
  // Made here, in a folder of the test's: the system's locales stay as they are.
  const std::string locales = folder_ / "locales";
  std::filesystem::create_directory(locales);
  ASSERT_EQ(0, run({"/usr/bin/localedef", "-i", "tr_TR", "-f", "UTF-8", locales + "/tr_TR.UTF-8"}))
      << "the package locales is missing: run tests/setup";
  environment_["LOCPATH"] = locales;
  environment_["LC_ALL"] = "tr_TR.UTF-8";
  EXPECT_EQ(0, run({paths::use_module(), "turkish", paths::module()}));
}

/// A set-id program runs with rights that its caller does not have, so the caller's environment
/// must not say which files the module reads and writes.
class SetIdProgram : public Process {
 protected:
  static constexpr uid_t kOwner = 65534, kCaller = 12345;

  void SetUp() override {
    if (geteuid() != 0)
      GTEST_SKIP() << "NOT TESTED: only root can make a set-id program of another user's";
    Process::SetUp();
    struct statvfs about {};
    ASSERT_EQ(0, statvfs(folder_.c_str(), &about));
    if ((about.f_flag & ST_NOSUID) != 0)
      GTEST_SKIP() << "NOT TESTED: " << folder_ << " is mounted nosuid";
    module_ = copy();
    program_ = folder_ / "program";
    std::filesystem::copy_file(paths::use_module(), program_);
    // Both users may look around here, write into `written`, and talk to the token.
    written_ = folder_ / "written";
    std::filesystem::create_directory(written_);
    for (const std::filesystem::path& path : {folder_, folder_ / "token", written_})
      ASSERT_EQ(0, chmod(path.c_str(), 0777));
    for (const char* name : {"kilt.toml", "copy.so"})
      ASSERT_EQ(0, chmod((folder_ / name).c_str(), 0755));
  }
  void TearDown() override {
    if (token_ > 0) Process::TearDown();
  }
  /// Runs the program as another user's; set-id or not.
  int run_as_caller(bool set_id) {
    // NOLINTBEGIN(readability-magic-numbers): permissions
    EXPECT_EQ(0, chown(program_.c_str(), kOwner, kOwner));
    EXPECT_EQ(0, chmod(program_.c_str(), set_id ? 04755 : 0755));
    // NOLINTEND(readability-magic-numbers)
    caller_ = kCaller;
    const int status = run({program_, "sockets", module_});
    caller_.reset();
    return status;
  }
  /// Files that the module was told by its environment to write.
  std::size_t files_written() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(written_)) {
      static_cast<void>(entry);
      ++count;
    }
    return count;
  }

  std::filesystem::path program_, written_;
  std::string module_;
};

TEST_F(SetIdProgram, ItsEnvironmentIsIgnored) {
  environment_["KILT_TRACE"] = written_ / "trace";
  EXPECT_EQ(1, run_as_caller(false)) << "an ordinary program finds the token";
  EXPECT_EQ(1U, files_written()) << "and traces";
  std::filesystem::remove(written_ / "trace");
  EXPECT_EQ(0, run_as_caller(true)) << "KILT_SOCKETS counts nothing";
  EXPECT_EQ(0U, files_written()) << "nor does KILT_TRACE";
}

TEST_F(SetIdProgram, NoConfigurationOfTheCallersChoosing) {
  const std::string trace = written_ / "trace";
  for (const char* name : {"KILT_CONF", "XDG_CONFIG_HOME", "HOME"}) {
    const std::filesystem::path home = folder_ / name;
    const std::filesystem::path below = std::string_view(name) == "HOME" ? ".config/kilt" : "kilt";
    std::filesystem::create_directories(home / below);
    const std::filesystem::path file = home / below / "kilt.toml";
    std::ofstream(file) << "[readers]\npcsc = false\n[log]\ntrace = \"" << trace << "\"\n";
    for (const char* other : {"KILT_CONF", "XDG_CONFIG_HOME", "HOME"}) environment_[other] = "";
    environment_[name] = std::string_view(name) == "KILT_CONF" ? file : home;
    EXPECT_EQ(1, run_as_caller(false)) << name;
    EXPECT_TRUE(std::filesystem::remove(trace)) << name << " counts in an ordinary program";
    EXPECT_EQ(0, run_as_caller(true)) << name;
    EXPECT_FALSE(std::filesystem::exists(trace)) << name;
  }
}

TEST_F(Process, EngineThatLoadsUsBack) {
  const std::filesystem::path engine = "/usr/lib/x86_64-linux-gnu/engines-3/pkcs11.so";
  if (!std::filesystem::exists(engine)) GTEST_SKIP() << "libengine-pkcs11-openssl is not installed";
  std::ofstream(folder_ / "openssl.cnf")
      << "openssl_conf = main\n[main]\nengines = engines\n"
         "[engines]\npkcs11 = pkcs11\n[pkcs11]\n"
         "engine_id = pkcs11\ndynamic_path = "
      << engine.string() << "\nMODULE_PATH = " << paths::module() << "\nPIN = 135790\ninit = 1\n";
  environment_["OPENSSL_CONF"] = folder_ / "openssl.cnf";
  EXPECT_EQ(0, run({paths::use_module(), "sign", paths::module()}));
}

}  // namespace
}  // namespace kilt::test
