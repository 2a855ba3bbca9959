// A sign of life while the token works: seconds, on standard error, when that is a terminal.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace kilt::tool {

class Output;

class Progress {
 public:
  /// Shows `what` and the elapsed seconds until it is destroyed.
  Progress(const Output& out, std::string what);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

 private:
  void run();

  std::string what_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace kilt::tool
