// The switches of a virtual eToken: where the public facts leave a point open, each reading.
#pragma once

#include <map>

#include "tests/virtual/card.h"

namespace kilt::vtoken::etoken {

struct Switch {
  const char* name;
  std::vector<std::string> values;  ///< the first is the default
  const char* meaning;
};

class Switches {
 public:
  explicit Switches(std::vector<Switch> known);

  /// Whether there is a switch of this name; throws std::invalid_argument for a value it has not.
  bool set(const std::string& name, const std::string& value);
  [[nodiscard]] bool is(const std::string& name, const std::string& value) const;
  /// One line each, for `--help`.
  [[nodiscard]] std::vector<std::string> help() const;
  [[nodiscard]] nlohmann::json save() const { return values_; }
  void load(const nlohmann::json& state);

 private:
  std::vector<Switch> known_;
  std::map<std::string, std::string> values_;
};

/// A number from a switch's value. Throws std::invalid_argument outside of 0…`largest`.
[[nodiscard]] unsigned number_of(const std::string& value, unsigned largest);

}  // namespace kilt::vtoken::etoken
