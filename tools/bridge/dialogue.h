// The consent dialogue as the bridge sees it: JSON values to it, events from it, and a PIN on a
// road of its own. The protocol is described in tools/dialog/README.md.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/bridge/protocol.h"

namespace kilt::bridge {

class Dialogue {
 public:
  virtual ~Dialogue() = default;
  virtual void send(const Json& message) = 0;
  /// The next event, an object with a string "event". nullopt: none in this time. A dialogue that
  /// has ended gives {"event": "cancel"}, again and again.
  virtual std::optional<Json> next(std::chrono::milliseconds wait) = 0;
  /// The PIN that an event has announced. Throws Failure(kBadInput) if it does not come.
  virtual tool::Secret pin() = 0;
};

/// Makes a dialogue for one request.
using OpenDialogue = std::function<std::unique_ptr<Dialogue>(const std::string& locale)>;

/// A program of its own: `command` is a program of the PATH, or a path. Its standard input and
/// output carry JSON lines; file descriptor 3 is the pipe for PINs. Throws Failure(kModule) if it
/// cannot be started.
std::unique_ptr<Dialogue> start_dialogue(const std::string& command, const std::string& locale);

}  // namespace kilt::bridge
