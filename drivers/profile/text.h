// TOML text made safe for toml++.
//
// toml++ 3.3 takes some things for granted that it does not check: that a key follows the '[' of a
// table header, and that white space outside of ASCII is one of a few characters. With "[=" or a
// letter of another alphabet in a wrong place it ends the program, or without assertions goes on
// with undefined behaviour. A file of the user's must not do that to the program that loaded the
// module.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kilt {

struct TextMistake {
  unsigned line = 0;
  std::string what;
};

/// The same text in ASCII: other characters of strings as \u escapes, of comments left out. Lines
/// stay lines. `mistake` is set, and the text is not to be parsed, for a header without a key, a
/// control character, bytes that are no UTF-8, and other alphabets outside of comments and strings
/// in double quotes.
[[nodiscard]] std::string toml_in_ascii(std::string_view toml, std::optional<TextMistake>& mistake);

}  // namespace kilt
