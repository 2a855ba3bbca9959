// A virtual token as a process of its own, on a Unix socket.
#pragma once

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/paths.h"

namespace kilt::test {

class TokenProcess {
 public:
  /// Starts kilt-vtoken and waits until it listens.
  TokenProcess(const std::string& kind, const std::string& socket,
               const std::vector<std::string>& options = {}) {
    std::vector<std::string> words{paths::vtoken(), kind, "--listen", socket};
    words.insert(words.end(), options.begin(), options.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    int output[2] = {};
    if (pipe2(output, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    const int failed =
        posix_spawn(&pid_, paths::vtoken(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(output[1]);
    char ready[6] = {};
    const bool says_ready = failed == 0 && read(output[0], ready, sizeof ready) == sizeof ready;
    close(output[0]);
    if (!says_ready) throw std::runtime_error("kilt-vtoken does not start");
  }
  TokenProcess(const TokenProcess&) = delete;
  TokenProcess& operator=(const TokenProcess&) = delete;
  ~TokenProcess() {
    if (pid_ <= 0) return;
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_ = -1;
};

}  // namespace kilt::test
