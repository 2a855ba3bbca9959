// What is wrong with a command line, in the user's language. Values are not repeated: one of them
// may be a PIN that was put where none belongs.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/terminal/failure.h"

namespace kilt::tool {

/// The parser's error as a failure of kind kUsage; `arguments` without the program's name.
Failure usage_failure(const CLI::App& app, const CLI::Error& error,
                      const std::vector<std::string>& arguments);

/// The name among `known` that is one or two letters away from `word`; empty: none.
std::string nearest(const std::string& word, const std::vector<std::string>& known);

}  // namespace kilt::tool
