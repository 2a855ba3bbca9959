// The dialogue's end of the protocol: messages from the bridge, events to it, and the PIN on a pipe
// of its own. README.md describes it.
#pragma once

#include <functional>
#include <string>

#include <glibmm/main.h>
#include <nlohmann/json.hpp>

namespace kilt::dialog {

using Json = nlohmann::ordered_json;

class Channel {
 public:
  /// Called for each message, and once with null when the bridge has gone.
  using Received = std::function<void(const Json&)>;
  explicit Channel(Received received);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() = default;

  /// One line on standard output.
  static void send(const Json& event);
  /// The PIN as GTK's secure buffer holds it: one octet of length, then the octets, straight to
  /// file descriptor 3. false: longer than 255 octets.
  static bool send_pin(const char* pin);

 private:
  bool readable(Glib::IOCondition condition);
  Received received_;
  std::string pending_;
};

}  // namespace kilt::dialog
