#include "tests/virtual/etoken/switches.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace kilt::vtoken::etoken {

Switches::Switches(std::vector<Switch> known) : known_(std::move(known)) {
  for (const Switch& one : known_) values_[one.name] = one.values.front();
}

bool Switches::set(const std::string& name, const std::string& value) {
  const auto one =
      std::ranges::find_if(known_, [&](const Switch& candidate) { return name == candidate.name; });
  if (one == known_.end()) return false;
  if (std::ranges::find(one->values, value) == one->values.end())
    throw std::invalid_argument(
        fmt::format("{} is one of: {}", name, fmt::join(one->values, ", ")));
  values_[name] = value;
  return true;
}

bool Switches::is(const std::string& name, const std::string& value) const {
  return values_.at(name) == value;
}

std::vector<std::string> Switches::help() const {
  std::vector<std::string> lines;
  for (const Switch& one : known_)
    lines.push_back(fmt::format("{}={}: {}", one.name, fmt::join(one.values, "|"), one.meaning));
  return lines;
}

void Switches::load(const nlohmann::json& state) {
  for (const auto& [name, value] : state.items()) set(name, value.get<std::string>());
}

unsigned number_of(const std::string& value, unsigned largest) {
  std::size_t end = 0;
  const unsigned long number = value.empty() ? largest + 1UL : std::stoul(value, &end);
  if (end != value.size() || number > largest)
    throw std::invalid_argument(fmt::format("a number from 0 to {}", largest));
  return static_cast<unsigned>(number);
}

}  // namespace kilt::vtoken::etoken
