// Messages in the user's language (gettext), and text from a token made safe for a terminal.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace kilt::tool {

/// Chooses the language from the environment; `folder` holds LANGUAGE/LC_MESSAGES/kilt.mo.
void choose_language(const std::string& folder);

/// The message in the user's language.
const char* translated(const char* message) noexcept;

/// Marks a message for xgettext where it stands in a table; it is translated when it is shown.
constexpr const char* N_(const char* message) { return message; }

namespace detail {
/// Formats; a translation whose placeholders do not fit gives way to the English message.
std::string format_message(const char* message, fmt::format_args args);
}  // namespace detail

/// A message with {} placeholders, translated and filled. xgettext collects the calls.
template <typename... Args>
std::string tr(const char* message, const Args&... args) {
  return detail::format_message(message, fmt::make_format_args(args...));
}

/// One of two forms by number, translated; the number is argument {0}.
std::string trn(const char* one, const char* many, unsigned long number);

/// Text from a token or a certificate: control characters and invalid UTF-8 become U+FFFD, so that
/// a label cannot steer the terminal. At most 4096 bytes.
std::string clean(std::string_view text);

/// The text as it may go to a terminal: as clean(), but with its line ends and the colours of
/// Output::paint, and of any length. All that is printed for people goes through it, so that no
/// name of a file, reader or person can steer the terminal.
std::string printable(std::string_view text);

/// UTF-8 text that steers nothing; line ends and tabs may be in it.
bool is_plain(std::span<const std::uint8_t> bytes);

/// Columns the text takes on a terminal.
std::size_t width(std::string_view text);

/// Breaks text at blanks to lines of at most `columns`; further lines are indented by `indent`.
std::string wrap(std::string_view text, std::size_t columns, std::size_t indent);

}  // namespace kilt::tool
