#include "drivers/profile/reader.h"

#include <algorithm>
#include <stdexcept>

namespace kilt {

void ProfileReader::fail(const toml::node& node, const std::string& what) const {
  throw ProfileError(fmt::format("{}:{}: {}", source_.string(), node.source().begin.line, what));
}

void ProfileReader::known_keys(const toml::table& table,
                               std::initializer_list<std::string_view> keys) const {
  for (const auto& [key, value] : table)
    if (std::ranges::find(keys, key.str()) == keys.end())
      fail(value, fmt::format("unknown key '{}'", key.str()));
}

std::string ProfileReader::text(const toml::table& table, std::string_view key,
                                bool required) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) {
    if (required) fail(table, fmt::format("'{}' is missing", key));
    return {};
  }
  if (!node->is_string()) fail(*node, fmt::format("'{}' must be a string", key));
  return node->as_string()->get();
}

Bytes ProfileReader::hex_of(const std::string& value, const toml::node& node,
                            std::string_view key) const {
  try {
    return from_hex(value);
  } catch (const std::invalid_argument& error) {
    fail(node, fmt::format("'{}': {}", key, error.what()));
  }
}

Bytes ProfileReader::hex(const toml::table& table, std::string_view key, bool required) const {
  const std::string value = text(table, key, required);
  return value.empty() ? Bytes{} : hex_of(value, *table.get(key), key);
}

bool ProfileReader::flag(const toml::table& table, std::string_view key, bool fallback) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return fallback;
  if (!node->is_boolean()) fail(*node, fmt::format("'{}' must be true or false", key));
  return node->as_boolean()->get();
}

std::optional<unsigned> ProfileReader::number(const toml::table& table, std::string_view key,
                                              unsigned min, unsigned max) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return std::nullopt;
  const auto* value = node->as_integer();
  if (value == nullptr || value->get() < min || value->get() > max)
    fail(*node, fmt::format("'{}' must be a number from {} to {}", key, min, max));
  return static_cast<unsigned>(value->get());
}

std::size_t ProfileReader::choice(const toml::table& table, std::string_view key,
                                  std::initializer_list<std::string_view> names,
                                  std::size_t fallback) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return fallback;
  const std::string value = text(table, key);
  const auto* const found = std::ranges::find(names, value);
  if (found == names.end())
    fail(*node, fmt::format("'{}' must be one of: {}", key, fmt::join(names, ", ")));
  return static_cast<std::size_t>(found - names.begin());
}

const toml::table* ProfileReader::table(const toml::table& table, std::string_view key) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return nullptr;
  const toml::table* inner = node->as_table();
  if (inner == nullptr) fail(*node, fmt::format("write [{}]", key));
  return inner;
}

}  // namespace kilt
