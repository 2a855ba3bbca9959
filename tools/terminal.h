// Questions to a person: PINs without echo, confirmations. And PINs from elsewhere (--pin-source).
#pragma once

#include <string>

#include "tools/bytes.h"

namespace kilt::tool {

/// There is a terminal to ask on (/dev/tty).
bool can_ask();

/// Reads a PIN from the terminal without echo; the terminal is restored however it ends. Throws
/// Failure(kRefused) without a terminal, Failure(kInterrupted) on Ctrl-C.
Secret ask_secret(const std::string& question);

/// Reads a line from the terminal.
std::string ask_line(const std::string& question);

/// A PIN from `file:PATH` (first line), `env:NAME` or `fd:N` (first line). Throws Failure.
Secret secret_from(const std::string& source);

}  // namespace kilt::tool
