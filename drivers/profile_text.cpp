#include "drivers/profile_text.h"

#include <algorithm>

namespace kilt {
namespace {

constexpr std::string_view kBlanks = " \t";

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\r') || byte == 0x7F;
}

/// What may stand behind the bracket: a bare key, a quoted one, or the end that toml++ complains
/// of.
bool begins_key(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '"' || c == '\'' || c == ']';
}

bool header_without_key(std::string_view line) {
  const std::size_t start = line.find_first_not_of(kBlanks);
  if (start == std::string_view::npos || line[start] != '[') return false;
  std::size_t at = line.find_first_not_of(kBlanks, start + 1);
  if (at != std::string_view::npos && line[at] == '[') at = line.find_first_not_of(kBlanks, at + 1);
  return at == std::string_view::npos || !begins_key(line[at]);
}

}  // namespace

std::optional<TextMistake> mistake_before_parsing(std::string_view toml) {
  // Other programs' editors put a byte order mark there.
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (toml.starts_with(kByteOrderMark)) toml.remove_prefix(kByteOrderMark.size());
  for (unsigned number = 1; !toml.empty(); ++number) {
    const std::size_t end = std::min(toml.find('\n'), toml.size());
    const std::string_view line = toml.substr(0, end);
    if (std::ranges::any_of(line, is_control)) return TextMistake{number, "a control character"};
    if (header_without_key(line)) return TextMistake{number, "'[' without the name of a section"};
    toml.remove_prefix(std::min(end + 1, toml.size()));
  }
  return std::nullopt;
}

}  // namespace kilt
