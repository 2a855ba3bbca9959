// Completion scripts for shells, generated from the description of the command line.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace kilt::tool {

/// Subcommands that --help shows.
std::vector<const CLI::App*> commands_of(const CLI::App& app);

/// For bash-completion's folder.
std::string bash_completion(const CLI::App& app);
/// For a folder of zsh's $fpath, as _kilt.
std::string zsh_completion(const CLI::App& app);
/// For fish's vendor_completions.d, as kilt.fish.
std::string fish_completion(const CLI::App& app);

}  // namespace kilt::tool
