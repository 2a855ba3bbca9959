// The control socket: one command per line, one line of answer.
#pragma once

#include <memory>
#include <string>

#include "tests/virtual/reader.h"

namespace kilt::vtoken {

class Control {
 public:
  Control(EventLoop& loop, Device& device, Reader& reader, std::string path);
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;
  ~Control();

  /// remove, insert, reset, set KEY=VALUE, fault SPEC, count (of APDUs), tries (of PINs that
  /// were spent), help. Answers "ok", a number, or
  /// "error: …".
  std::string carry_out(const std::string& line);

 private:
  void accept_client();

  EventLoop* loop_;
  Device* device_;
  Reader* reader_;
  std::string path_;
  Descriptor listener_;
  std::map<int, std::string> clients_;  ///< descriptor -> line so far
};

}  // namespace kilt::vtoken
