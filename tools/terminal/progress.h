// A sign of life while the token works: seconds, on standard error, when that is a terminal. And an
// answer to Ctrl-C, which must wait until the step is done.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace kilt::tool {

class Output;

class Progress {
 public:
  /// Shows `what` and the elapsed seconds until it is destroyed; says at once that a signal came,
  /// if signals are held back meanwhile (Uninterrupted).
  Progress(const Output& out, std::string what);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

 private:
  void run();

  /// A signal waits for the end of the step.
  static bool is_stop_pending() noexcept;

  std::string what_;
  bool shown_ = false;  ///< the seconds, on a terminal
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace kilt::tool
