// The one list of where tokens come from.
#pragma once

#include <memory>
#include <vector>

#include "drivers/source.h"
#include "pkcs11/config.h"

namespace kilt::p11 {

using Transports = std::vector<std::unique_ptr<apdu::Transport>>;
using TokenSources = std::vector<std::unique_ptr<TokenSource>>;

/// What kilt.toml names: cards in the readers of `transports`, some of which another module may
/// serve, then that module's own tokens, and
/// files. `profiles` outlives the sources.
[[nodiscard]] TokenSources make_token_sources(const Config& config, const ProfileSet& profiles,
                                              Transports transports);

}  // namespace kilt::p11
