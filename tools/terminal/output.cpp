#include "tools/terminal/output.h"

#include <algorithm>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/terminal/advice.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

constexpr std::size_t kNarrow = 40;
constexpr std::size_t kUnbounded = 100000;
constexpr std::size_t kNarrowCell = 8;  ///< less would tell nothing

std::size_t terminal_columns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return std::max<std::size_t>(size.ws_col, kNarrow);
  return 80;
}

bool colours_wanted() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_colour == nullptr || *no_colour == '\0') && term != nullptr &&
         std::string(term) != "dumb";
}

const char* code(Colour colour) {
  switch (colour) {
    case Colour::kBold:
      return "1";
    case Colour::kDim:
      return "2";
    case Colour::kGood:
      return "32";
    case Colour::kWarn:
      return "33";
    case Colour::kBad:
      return "1;31";
    case Colour::kPlain:
      break;
  }
  return "0";
}

std::string padded(const std::string& text, std::size_t columns) {
  const std::size_t now = width(text);
  return now >= columns ? text : text + std::string(columns - now, ' ');
}

/// The first `columns` columns, an ellipsis where something is left out.
std::string cut(const std::string& text, std::size_t columns) {
  if (width(text) <= columns) return text;
  std::string result;
  std::size_t used = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t size = 1;
    while (i + size < text.size() && (static_cast<unsigned char>(text[i + size]) & 0xC0U) == 0x80)
      ++size;
    const std::string one = text.substr(i, size);
    if (used + width(one) + 1 > columns) break;
    result += one;
    used += width(one);
    i += size;
  }
  return result + "…";
}

/// The only way out for text.
void put(const std::string& text, std::FILE* file) {
  std::fputs((printable(text) + '\n').c_str(), file);
}

}  // namespace

Output::Output(bool json)
    : json_(json),
      colours_(!json && isatty(STDOUT_FILENO) == 1 && colours_wanted()),
      terminal_(isatty(STDOUT_FILENO) == 1),
      columns_(terminal_ ? terminal_columns() : kUnbounded) {}

void Output::line(const std::string& plain, std::size_t indent) {
  if (json_) return;
  const std::string text = advised(plain);
  std::string shown = text;
  if (terminal_ && width(text) > columns_) {
    const std::size_t start = std::min(text.find_first_not_of(' '), text.size());
    shown = std::string(start, ' ') +
            wrap(text.substr(start), columns_ - std::min(start, columns_ / 2), indent);
  }
  put(shown, stdout);
}

void Output::field(const std::string& name, const std::string& plain, std::size_t column) {
  if (json_) return;
  const std::string value = advised(plain);
  std::string text = padded(name + ':', column - 1) + ' ';
  const std::size_t room = columns_ > column + 20 ? columns_ - column : kUnbounded;
  text += width(value) > room ? wrap(value, room, column) : value;
  put(text, stdout);
}

std::string Output::paint(Colour colour, const std::string& text) const {
  if (!colours_ || colour == Colour::kPlain) return text;
  return fmt::format("\033[{}m{}\033[0m", code(colour), text);
}

void Output::document(const Json& document) {
  if (!json_) return;
  // On a terminal all but ASCII is escaped: there are control characters that JSON lets through.
  std::fputs((document.dump(2, ' ', terminal_, Json::error_handler_t::replace) + '\n').c_str(),
             stdout);
  std::fflush(stdout);
}

void Output::note(const std::string& text) const {
  if (json_) return;
  std::fflush(stdout);
  put(wrap(advised(text), columns_, 0), stderr);
}

void Output::warn(const std::string& text) const {
  std::fflush(stdout);
  put(wrap(tr("Warning: {0}", advised(text)), columns_, 0), stderr);
}

void Table::row(std::vector<std::string> cells, Colour colour) {
  cells.resize(rows_.front().size());
  rows_.push_back(std::move(cells));
  colours_.push_back(colour);
}

void Table::print(Output& output, std::size_t indent) const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  std::size_t total = indent;
  for (const std::size_t one : widths) total += one + 2;
  // Too wide: the widest columns give way, one column of the screen at a time.
  while (total > output.columns() + 2) {
    const auto widest = std::ranges::max_element(widths);
    if (*widest <= kNarrowCell) break;
    --*widest;
    --total;
  }
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    std::string text(indent, ' ');
    for (std::size_t i = 0; i < rows_[r].size(); ++i) {
      const std::string cell = cut(rows_[r][i], widths[i]);
      text += i + 1 == rows_[r].size() ? cell : padded(cell, widths[i] + 2);
    }
    if (output.json()) continue;
    text.erase(text.find_last_not_of(' ') + 1);
    put(output.paint(colours_[r], text), stdout);
  }
}

}  // namespace kilt::tool
