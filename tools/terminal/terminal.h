// Questions to a person: PINs without echo, confirmations. And PINs from elsewhere (--pin-source).
#pragma once

#include <string>

#include "tools/terminal/bytes.h"

namespace kilt::tool {

/// What an empty line means: for a PIN, that the user thinks better of it; a file's password may be
/// empty.
enum class Empty { kCancels, kCounts };

/// Reads a PIN from the terminal without echo; the terminal is restored however it ends, also while
/// the process is stopped (Ctrl-Z). Throws Failure(kRefused) without a terminal, at the end of
/// input and for an empty line that cancels, Failure(kInterrupted) on Ctrl-C.
Secret ask_secret(const std::string& question, Empty empty = Empty::kCancels);

/// Reads a line from the terminal.
std::string ask_line(const std::string& question);

/// A PIN from `file:PATH` (first line), `env:NAME` or `fd:N` (first line). Throws Failure.
Secret secret_from(const std::string& source);

/// What can be known of a source without reading it. Throws Failure if secret_from() would.
void check_secret_source(const std::string& source);

}  // namespace kilt::tool
