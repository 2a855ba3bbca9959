// Points 23, 24, 26 and re-entry: the module as a library in programs of their own
// (use_module.cpp), on a virtual token's socket.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

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
                    {"XDG_CACHE_HOME", "/nonexistent"},
                    // GCC 12's LeakSanitizer faults in its own tracer when it looks at a library
                    // that dlopen() brought; leaks are looked for where the module is linked in.
                    {"ASAN_OPTIONS", "detect_leaks=0"}};
    token_ = start({KILT_VTOKEN, "kaztoken", "--listen", folder_ / "token", "--state",
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
    std::filesystem::copy_file(KILT_MODULE, folder_ / "copy.so");
    return folder_ / "copy.so";
  }

  std::filesystem::path folder_;
  std::map<std::string, std::string> environment_;
  pid_t token_ = 0;
};

TEST_F(Process, Plain) { EXPECT_EQ(0, run({KILT_USE_MODULE, "sign", KILT_MODULE})); }

TEST_F(Process, UnloadedWithoutFinalize) {
  EXPECT_EQ(0, run({KILT_USE_MODULE, "unload", KILT_MODULE}));
}

TEST_F(Process, ExitWhileAnotherThreadSigns) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(0, run({KILT_USE_MODULE, "exit", KILT_MODULE}));
}

TEST_F(Process, TwoCopies) { EXPECT_EQ(0, run({KILT_USE_MODULE, "copies", KILT_MODULE, copy()})); }

TEST_F(Process, Signals) { EXPECT_EQ(0, run({KILT_USE_MODULE, "signals", KILT_MODULE})); }

TEST_F(Process, NoHomeNoDescriptorsOddLocale) {
  EXPECT_EQ(0, run({KILT_USE_MODULE, "bare", KILT_MODULE}));
}

TEST_F(Process, EngineThatLoadsUsBack) {
  const std::filesystem::path engine = "/usr/lib/x86_64-linux-gnu/engines-3/pkcs11.so";
  if (!std::filesystem::exists(engine)) GTEST_SKIP() << "libengine-pkcs11-openssl is not installed";
  std::ofstream(folder_ / "openssl.cnf")
      << "openssl_conf = main\n[main]\nengines = engines\n"
         "[engines]\npkcs11 = pkcs11\n[pkcs11]\n"
         "engine_id = pkcs11\ndynamic_path = "
      << engine.string() << "\nMODULE_PATH = " << KILT_MODULE << "\nPIN = 135790\ninit = 1\n";
  environment_["OPENSSL_CONF"] = folder_ / "openssl.cnf";
  EXPECT_EQ(0, run({KILT_USE_MODULE, "sign", KILT_MODULE}));
}

}  // namespace
}  // namespace kilt::test
