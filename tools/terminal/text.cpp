#include "tools/terminal/text.h"

#include <clocale>
#include <cwchar>

#include <libintl.h>

namespace kilt::tool {
namespace {

constexpr const char* kDomain = "kilt";
constexpr std::size_t kMaxText = 4096;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Decoded {
  std::size_t size = 0;  ///< bytes; 0: not UTF-8
  char32_t code = 0;
};

/// The first character (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, lead};
  std::size_t size = 0;
  char32_t code = 0;
  char32_t least = 0;
  if ((lead & 0xE0U) == 0xC0) {
    size = 2, code = lead & 0x1FU, least = 0x80;
  } else if ((lead & 0xF0U) == 0xE0) {
    size = 3, code = lead & 0x0FU, least = 0x800;
  } else if ((lead & 0xF8U) == 0xF0) {
    size = 4, code = lead & 0x07U, least = 0x10000;
  }
  if (size == 0 || text.size() < size) return {};
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {};
    code = code << 6U | (byte(i) & 0x3FU);
  }
  if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {size, code};
}

/// Control characters, and those that turn the writing direction or hide text.
bool steers(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x061C ||
         (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF;
}

/// Length of a colour's escape sequence at the start: ESC [ digits and semicolons m; 0: none.
std::size_t colour_code(std::string_view text) {
  constexpr std::size_t kLongest = 7;
  if (!text.starts_with("\033[")) return 0;
  const std::size_t end = text.find_first_not_of("0123456789;", 2);
  return end < kLongest && end < text.size() && text[end] == 'm' ? end + 1 : 0;
}

/// What steers becomes U+FFFD; `exempt` gives the length of what stays at the start of the rest.
template <typename Exempt>
std::string filtered(std::string_view text, Exempt exempt) {
  std::string result;
  while (!text.empty()) {
    const Decoded next = decode(text);
    std::size_t size = next.size == 0 ? 1 : next.size;
    if (next.size == 0) {
      result += kReplacement;
    } else if (!steers(next.code)) {
      result += text.substr(0, size);
    } else if (const std::size_t kept = exempt(text); kept != 0) {
      size = kept;
      result += text.substr(0, size);
    } else {
      result += kReplacement;
    }
    text.remove_prefix(size);
  }
  return result;
}

}  // namespace

void choose_language(const std::string& folder) {
  // A locale that is not installed leaves "C", in which gettext translates nothing at all; LANGUAGE
  // still counts under C.UTF-8, which every glibc has.
  if (std::setlocale(LC_ALL, "") == nullptr) std::setlocale(LC_ALL, "C.UTF-8");
  bindtextdomain(kDomain, folder.c_str());
  bind_textdomain_codeset(kDomain, "UTF-8");
  textdomain(kDomain);
}

const char* translated(const char* message) noexcept { return dgettext(kDomain, message); }

namespace detail {
std::string format_message(const char* message, fmt::format_args args) {
  try {
    return fmt::vformat(translated(message), args);
  } catch (const fmt::format_error&) {
    return fmt::vformat(message, args);
  }
}
}  // namespace detail

std::string trn(const char* one, const char* many, unsigned long number) {
  const char* message = dngettext(kDomain, one, many, number);
  try {
    return fmt::vformat(message, fmt::make_format_args(number));
  } catch (const fmt::format_error&) {
    return fmt::vformat(number == 1 ? one : many, fmt::make_format_args(number));
  }
}

std::string clean(std::string_view text) {
  return filtered(text.substr(0, kMaxText), [](std::string_view) { return std::size_t{0}; });
}

std::string printable(std::string_view text) {
  return filtered(text, [](std::string_view rest) {
    return rest.front() == '\n' ? std::size_t{1} : colour_code(rest);
  });
}

bool is_plain(std::span<const std::uint8_t> bytes) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());  // NOLINT
  while (!text.empty()) {
    const Decoded next = decode(text);
    const bool blank = next.code == '\n' || next.code == '\r' || next.code == '\t';
    if (next.size == 0 || (steers(next.code) && !blank)) return false;
    text.remove_prefix(next.size);
  }
  return true;
}

std::size_t width(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Decoded next = decode(text);
    const int one = next.size == 0 ? 1 : wcwidth(static_cast<wchar_t>(next.code));
    columns += one > 0 ? static_cast<std::size_t>(one) : 0;
    text.remove_prefix(next.size == 0 ? 1 : next.size);
  }
  return columns;
}

std::string wrap(std::string_view text, std::size_t columns, std::size_t indent) {
  std::string result;
  std::size_t column = 0;
  bool line_start = true;
  while (!text.empty()) {
    if (text.front() == '\n' || text.front() == ' ') {
      if (text.front() == '\n') {
        result += '\n' + std::string(indent, ' ');
        column = indent;
        line_start = true;
      }
      text.remove_prefix(1);
      continue;
    }
    const std::string_view word = text.substr(0, text.find_first_of(" \n"));
    const std::size_t size = width(word);
    if (!line_start && column + 1 + size > columns) {
      result += '\n' + std::string(indent, ' ');
      column = indent;
      line_start = true;
    }
    if (!line_start) {
      result += ' ';
      ++column;
    }
    result += word;
    column += size;
    line_start = false;
    text.remove_prefix(word.size());
  }
  return result;
}

}  // namespace kilt::tool
