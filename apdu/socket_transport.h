// Virtual tokens on Unix sockets, without pcscd (design decision 14).
//
// Framing as in vpcd: a 2-byte big-endian length, then the payload, in both directions. A payload
// of one byte is a control: 00 power off, 01 power on, 02 reset (no answer), 04 ATR (answer: the
// ATR), 05 lock (answer: 00 granted, 01 granted and reset by another client meanwhile), 06 unlock
// (no answer). Anything longer is a command APDU, answered by a response APDU. A connection that
// closes means that the token was pulled out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apdu/reader.h"

namespace kilt::apdu {

/// One reader per path, named after the path.
[[nodiscard]] std::unique_ptr<Transport> make_socket_transport(std::vector<std::string> paths);

}  // namespace kilt::apdu
