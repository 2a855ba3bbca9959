// What the tool prints: tables and colours for people, one JSON document for scripts.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace kilt::tool {

using Json = nlohmann::ordered_json;

enum class Colour { kPlain, kBold, kDim, kGood, kWarn, kBad };

class Output {
 public:
  /// For people unless json(true); colours only on a terminal and without NO_COLOR.
  explicit Output(bool json = false);

  [[nodiscard]] bool json() const noexcept { return json_; }
  [[nodiscard]] std::size_t columns() const noexcept { return columns_; }
  /// A line on standard output; nothing under --json. Long lines are wrapped on a terminal,
  /// continued at `indent`.
  void line(const std::string& text = {}, std::size_t indent = 0);
  /// "Name:   value", the values aligned at `column`; wrapped on a terminal.
  void field(const std::string& name, const std::string& value, std::size_t column = 18);
  /// Escape sequences around the text where colours are on.
  [[nodiscard]] std::string paint(Colour colour, const std::string& text) const;
  /// The command's document; printed at once under --json, else ignored.
  void document(const Json& document);
  /// A line on standard error for a person who waits or must know; nothing under --json.
  void note(const std::string& text) const;
  /// A warning on standard error, also under --json.
  void warn(const std::string& text) const;

 private:
  bool json_;
  bool colours_;
  bool terminal_;
  std::size_t columns_;
};

/// A table, columns as wide as their widest cell; the last may be cut to fit the terminal.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void row(std::vector<std::string> cells, Colour colour = Colour::kPlain);
  [[nodiscard]] bool empty() const noexcept { return rows_.size() == 1; }
  void print(Output& output, std::size_t indent = 2) const;

 private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<Colour> colours_{Colour::kDim};
};

}  // namespace kilt::tool
