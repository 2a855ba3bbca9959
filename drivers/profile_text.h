// A look at TOML text before toml++ sees it.
//
// toml++ 3.3 takes for granted that a key follows the '[' of a table header and does not check it:
// with "[=" it ends the program, or without assertions goes on with undefined behaviour. A file of
// the user's must not do that to the program that loaded the module.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kilt {

struct TextMistake {
  unsigned line = 0;
  std::string what;
};

/// The first line that begins like a table header but has no key in it, or that has a control
/// character, which TOML does not allow; nothing if toml++ can have the text.
[[nodiscard]] std::optional<TextMistake> mistake_before_parsing(std::string_view toml);

}  // namespace kilt
