// What the tool must remember between two runs: small JSON files in $XDG_STATE_HOME/kilt, readable
// by their owner alone.
#pragma once

#include <functional>
#include <string>

#include <nlohmann/json.hpp>

namespace kilt::tool {

/// The document of that name; an empty object if there is none, or it is damaged.
nlohmann::json read_state(const std::string& name);

/// Changes the document while no other kilt does. False: it cannot be kept (no home folder, not
/// writable); never throws.
bool change_state(const std::string& name,
                  const std::function<void(nlohmann::json&)>& change) noexcept;

}  // namespace kilt::tool
