// Other programs, started without a shell.
#pragma once

#include <string>
#include <vector>

namespace kilt::tool {

struct ProcessResult {
  int code = -1;       ///< exit code; 128 + signal; 127: there is no such program
  std::string output;  ///< standard output and error, at most 1 MiB, if it was captured
};

/// Runs a program of the PATH and waits. With `capture` its output is kept, else it goes where ours
/// goes. Throws Failure(kInternal) if no process can be made.
ProcessResult run_program(const std::vector<std::string>& arguments, bool capture);

/// The program is in the PATH.
bool has_program(const std::string& name);

}  // namespace kilt::tool
