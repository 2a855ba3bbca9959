// The one thread that speaks to the PKCS#11 module. A module that hangs then costs a request, not
// the program: whoever waits can give up, and the task goes on alone.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "tools/client/module.h"

namespace kilt::bridge {

class ModuleThread {
 public:
  /// Asked about ten times per second while a task runs; false: give up.
  using Patience = std::function<bool()>;

  explicit ModuleThread(std::filesystem::path module) : path_(std::move(module)) {}
  ModuleThread(const ModuleThread&) = delete;
  ModuleThread& operator=(const ModuleThread&) = delete;
  /// Waits two seconds for a running task, then leaves it to the end of the process.
  ~ModuleThread();

  /// Runs `task` on the thread, the module being loaded before the first. What `task` throws is
  /// thrown here. `task` must own all that it uses: it goes on if this gives up. Throws
  /// Failure(kInterrupted) if patience ends, Failure(kModule) if an earlier task does not end.
  void run(std::function<void(tool::Module&)> task, const Patience& patience);
  /// Set: the bridge ends; every wait is given up.
  void stop();

 private:
  struct Task {
    std::function<void(tool::Module&)> work;
    bool done = false;
    std::exception_ptr error;
  };
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::shared_ptr<Task> task;  // the one that waits or runs
    bool stopping = false, ended = false;
  };
  static void serve(const std::shared_ptr<State>& state, const std::filesystem::path& path);

  std::filesystem::path path_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
  bool started_ = false;
};

}  // namespace kilt::bridge
