#include "tools/terminal/process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <sstream>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/terminal/failure.h"
#include "tools/terminal/text.h"

extern char** environ;  // NOLINT: POSIX declares it so

namespace kilt::tool {
namespace {

constexpr std::size_t kMaxOutput = std::size_t{1} << 20U;
constexpr int kNotFound = 127;

std::string drain(int fd) {
  std::string output;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t count = read(fd, part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return output;
    if (output.size() < kMaxOutput) output.append(part.data(), static_cast<std::size_t>(count));
  }
}

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

ProcessResult run_program(const std::vector<std::string>& arguments, bool capture) {
  std::vector<std::string> copies = arguments;
  std::vector<char*> argv;
  for (std::string& copy : copies) argv.push_back(copy.data());
  argv.push_back(nullptr);
  std::array<int, 2> pipe_ends{-1, -1};
  if (capture && pipe2(pipe_ends.data(), O_CLOEXEC) != 0)
    throw Failure(Kind::kInternal, tr("No pipe can be made."));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (capture) {
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDERR_FILENO);
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, argv.front(), &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (capture) close(pipe_ends[1]);
  ProcessResult result;
  if (error == 0) {
    if (capture) result.output = drain(pipe_ends[0]);
    result.code = wait_for(pid);
  } else {
    result.code = error == ENOENT || error == EACCES ? kNotFound : -1;
  }
  if (capture) close(pipe_ends[0]);
  return result;
}

bool has_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/usr/bin:/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((folder + '/' + name).c_str(), X_OK) == 0) return true;
  return false;
}

}  // namespace kilt::tool
