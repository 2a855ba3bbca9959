// How programs reach the device: as a card in the vpcd reader of pcscd, or on a Unix socket.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/virtual/device.h"
#include "tests/virtual/event_loop.h"

namespace kilt::vtoken {

class Reader {
 public:
  Reader() = default;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  virtual ~Reader() = default;
  /// The device came or went: be seen or not.
  virtual void follow() = 0;
  /// Another program resets the card, as the clients see it.
  virtual void reset_by_other() = 0;
};

/// A client of vpcd (vsmartcard). Throws std::runtime_error if nobody listens there.
std::unique_ptr<Reader> make_vpcd_reader(EventLoop& loop, Device& device, std::string host,
                                         std::string port);
/// A server on a Unix socket for several programs: vpcd's framing, and 05 to lock (answer 00, or 01
/// if another one reset the card since), 06 to unlock.
std::unique_ptr<Reader> make_socket_reader(EventLoop& loop, Device& device, std::string path);

}  // namespace kilt::vtoken
