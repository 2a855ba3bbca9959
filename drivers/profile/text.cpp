#include "drivers/profile/text.h"

#include <algorithm>

#include <fmt/format.h>

namespace kilt {
namespace {

/// Follows strings and comments only as far as it must to know what is outside of them.
class Writer {
 public:
  explicit Writer(std::string_view text) : rest_(text) { out_.reserve(text.size()); }

  std::string run(std::optional<TextMistake>& mistake) {
    while (!rest_.empty()) {
      const std::string_view wrong = what_is_wrong();
      if (!wrong.empty()) {
        mistake = TextMistake{line_, std::string(wrong)};
        return {};
      }
      step();
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool outside() const { return quote_.empty() && !comment_; }

  [[nodiscard]] std::string_view what_is_wrong() const {
    const auto byte = static_cast<unsigned char>(rest_.front());
    const bool line_end = byte == '\n' || byte == '\r';
    if ((byte < 0x20 && byte != '\t' && !line_end) || byte == 0x7F) return "a control character";
    if (byte == '[' && line_start_ && outside() && !key_follows())
      return "'[' without the name of a section";
    if (byte < 0x80) return {};
    if (character_size() == 0) return "bytes that are no UTF-8 text";
    if (!comment_ && (quote_.empty() || quote_.front() != '"'))
      return "a character that must stand in double quotes";
    return escaped_ ? "a backslash before a character that needs none" : "";
  }

  void step() {
    const char c = rest_.front();
    if (static_cast<unsigned char>(c) >= 0x80) return write_escaped();
    if (c != ' ' && c != '\t') line_start_ = false;
    if (c == '\n') {
      ++line_;
      line_start_ = true;
      comment_ = escaped_ = false;
      if (quote_.size() == 1) quote_ = {};  // not closed: toml++ complains
      write(1);
    } else if (comment_) {
      write(1);
    } else if (!quote_.empty()) {
      inside_quotes(c);
    } else if (c == '"' || c == '\'') {
      const std::string_view three = c == '"' ? R"(""")" : "'''";
      quote_ = rest_.starts_with(three) ? three : three.substr(0, 1);
      write(quote_.size());
    } else {
      comment_ = c == '#';
      write(1);
    }
  }

  void inside_quotes(char c) {
    if (!escaped_ && rest_.starts_with(quote_)) {
      write(quote_.size());
      quote_ = {};
      return;
    }
    escaped_ = c == '\\' && quote_.front() == '"' && !escaped_;
    write(1);
  }

  void write(std::size_t count) {
    count = std::min(count, rest_.size());
    out_ += rest_.substr(0, count);
    rest_.remove_prefix(count);
  }

  void write_escaped() {
    const std::size_t size = character_size();
    if (!comment_) {
      char32_t code = static_cast<unsigned char>(rest_[0]) & (0xFFU >> (size + 1));
      for (std::size_t i = 1; i < size; ++i)
        code = code << 6 | (static_cast<unsigned char>(rest_[i]) & 0x3FU);
      out_ += fmt::format("\\U{:08X}", static_cast<std::uint32_t>(code));
    }
    rest_.remove_prefix(size);
    line_start_ = false;
  }

  /// Bytes of the character in UTF-8, 0 if it is none. What it stands for is toml++'s to judge.
  [[nodiscard]] std::size_t character_size() const {
    const auto first = static_cast<unsigned char>(rest_[0]);
    const std::size_t size = first >= 0xF0 && first < 0xF8   ? 4
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xC2 && first < 0xE0 ? 2
                                                             : 0;
    if (size == 0 || rest_.size() < size) return 0;
    for (std::size_t i = 1; i < size; ++i)
      if ((static_cast<unsigned char>(rest_[i]) & 0xC0U) != 0x80U) return 0;
    return size;
  }

  /// Behind one or two brackets: a bare key, a quoted one, or the end that toml++ complains of.
  [[nodiscard]] bool key_follows() const {
    constexpr std::string_view kBlanks = " \t";
    std::size_t at = rest_.find_first_not_of(kBlanks, 1);
    if (at != std::string_view::npos && rest_[at] == '[')
      at = rest_.find_first_not_of(kBlanks, at + 1);
    if (at == std::string_view::npos) return false;
    const char c = rest_[at];
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '"' || c == '\'' || c == ']';
  }

  std::string_view rest_;
  std::string out_;
  std::string_view quote_;  ///< what ends the string we are in, empty outside
  bool comment_ = false, escaped_ = false, line_start_ = true;
  unsigned line_ = 1;
};

}  // namespace

std::string toml_in_ascii(std::string_view toml, std::optional<TextMistake>& mistake) {
  mistake.reset();
  // Other programs' editors put a byte order mark there.
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (toml.starts_with(kByteOrderMark)) toml.remove_prefix(kByteOrderMark.size());
  return Writer(toml).run(mistake);
}

}  // namespace kilt
