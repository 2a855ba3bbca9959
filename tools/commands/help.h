// The command line's global part: options that every command knows, and help in the user's
// language.
#pragma once

#include <string>

#include "tools/commands/commands.h"

namespace kilt::tool {

/// Where the messages' translations are: beside a build tree's program, else where installed.
std::string locale_folder();

/// Sets up the global options and the layout of --help.
void describe(CLI::App& app, Context& context);

}  // namespace kilt::tool
