#include "tools/terminal/advice.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace kilt::tool {
namespace {

/// Commands that work on one token.
constexpr std::array<std::string_view, 9> kOfToken{"cert", "csr",    "info",  "init", "key",
                                                   "pin",  "object", "renew", "sign"};

bool is_of_token(std::string_view command) {
  const std::string_view name = command.substr(0, command.find(' '));
  return std::ranges::find(kOfToken, name) != kOfToken.end() &&
         command.find("--token") == std::string_view::npos &&
         command.find("--help") == std::string_view::npos;
}

/// One process works for one terminal.
std::string& meant() {
  static std::string word;
  return word;
}

}  // namespace

std::string shell_word(const std::string& text) {
  constexpr std::string_view kQuoted = " \t\n\"'\\$`!*?[](){}<>|&;#~%=";
  if (!text.empty() && text.find_first_of(kQuoted) == std::string::npos) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + '\'';
}

std::string with_token(const std::string& text, const std::string& word) {
  constexpr std::string_view kStart = "`kilt ";
  if (word.empty()) return text;
  std::string result;
  std::size_t done = 0;
  while (true) {
    const std::size_t start = text.find(kStart, done);
    const std::size_t end =
        start == std::string::npos ? start : text.find('`', start + kStart.size());
    if (end == std::string::npos) break;
    const std::size_t name = start + kStart.size();
    result += text.substr(done, end - done);
    if (is_of_token(std::string_view(text).substr(name, end - name))) result += " --token " + word;
    result += '`';
    done = end + 1;
  }
  return result + text.substr(done);
}

void advise_for(const std::string& word) { meant() = word; }

std::string advised(const std::string& text) { return with_token(text, meant()); }

}  // namespace kilt::tool
