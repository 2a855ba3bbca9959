#include "tests/virtual/facts.h"

#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/virtual/card.h"
#include "tests/virtual/facts_text.h"

namespace kilt::vtoken {

nlohmann::ordered_json facts() {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const std::string_view text : facts_texts())
    for (auto& entry : nlohmann::ordered_json::parse(text)) all.push_back(std::move(entry));
  nlohmann::ordered_json sorted = nlohmann::ordered_json::array();
  for (const Kind& kind : kinds()) {
    const std::string name = kind.name;
    const std::size_t before = sorted.size();
    for (const auto& entry : all)
      if (entry.at("kind") == name) sorted.push_back(entry);
    if (sorted.size() == before || sorted[before].at("name") != name)
      throw std::invalid_argument("no kinds.json begins with '" + name + "'");
  }
  if (sorted.size() != all.size())
    throw std::invalid_argument("a kinds.json describes what kinds.cpp does not have");
  return sorted;
}

}  // namespace kilt::vtoken
