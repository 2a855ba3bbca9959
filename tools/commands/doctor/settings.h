// What kilt.toml may say: every key with the values that count, as conf/kilt.toml documents them.
// The module and kilt-bridge read the file themselves; a test holds this list against the
// documentation.
#pragma once

#include <string>
#include <vector>

#include <toml++/toml.h>

namespace kilt::tool {

struct SettingProblem {
  enum class Kind { kUnknown, kValue };
  Kind kind = Kind::kUnknown;
  unsigned line = 0;
  std::string name;      ///< "pin.default"
  std::string expected;  ///< what may stand there, in the user's language; kValue
  std::string similar;   ///< a key that may be meant; kUnknown; may be empty
};

std::vector<SettingProblem> setting_problems(const toml::table& file);

}  // namespace kilt::tool
