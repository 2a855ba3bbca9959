// Reads values out of a profile's TOML tables; every complaint names file and line.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "drivers/profile/profile.h"

namespace kilt {

class ProfileReader {
 public:
  explicit ProfileReader(std::filesystem::path source) : source_(std::move(source)) {}

  /// Throws ProfileError with the node's line.
  [[noreturn]] void fail(const toml::node& node, const std::string& what) const;
  /// Throws ProfileError for a key that is not among these.
  void known_keys(const toml::table& table, std::initializer_list<std::string_view> keys) const;

  /// Where to complain about a key: its value, or the table if it is not there.
  [[nodiscard]] static const toml::node& at(const toml::table& table, std::string_view key) {
    const toml::node* node = table.get(key);
    return node == nullptr ? table : *node;
  }

  [[nodiscard]] std::string text(const toml::table& table, std::string_view key,
                                 bool required = false) const;
  [[nodiscard]] Bytes hex(const toml::table& table, std::string_view key,
                          bool required = false) const;
  [[nodiscard]] bool flag(const toml::table& table, std::string_view key, bool fallback) const;
  /// A number within the limits, nothing if absent.
  [[nodiscard]] std::optional<unsigned> number(const toml::table& table, std::string_view key,
                                               unsigned min, unsigned max) const;
  /// One of the names, as its index; `fallback` if absent.
  [[nodiscard]] std::size_t choice(const toml::table& table, std::string_view key,
                                   std::initializer_list<std::string_view> names,
                                   std::size_t fallback) const;
  /// The inner table, nullptr if absent.
  [[nodiscard]] const toml::table* table(const toml::table& table, std::string_view key) const;

  /// Calls `read(table)` for each table of the array `key`, which may be absent.
  template <typename Read>
  void each(const toml::table& table, std::string_view key, std::size_t most, Read read) const {
    const toml::node* node = table.get(key);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr) fail(*node, fmt::format("write [[{}]] for '{}'", key, key));
    if (array->size() > most) fail(*node, fmt::format("more than {} of '{}'", most, key));
    for (const toml::node& entry : *array) {
      const toml::table* inner = entry.as_table();
      if (inner == nullptr) fail(entry, fmt::format("write [[{}]] for '{}'", key, key));
      read(*inner);
    }
  }
  /// Calls `read(text, node)` for each string of a list, or for a single string; absent is fine.
  template <typename Read>
  void each_text(const toml::table& table, std::string_view key, std::size_t most,
                 Read read) const {
    const toml::node* node = table.get(key);
    if (node == nullptr) return;
    if (node->is_string()) {
      read(node->as_string()->get(), *node);
      return;
    }
    const toml::array* array = node->as_array();
    if (array == nullptr) fail(*node, fmt::format("'{}' must be a string or a list of them", key));
    if (array->size() > most) fail(*node, fmt::format("more than {} of '{}'", most, key));
    for (const toml::node& entry : *array) {
      if (!entry.is_string()) fail(entry, fmt::format("'{}' must be a list of strings", key));
      read(entry.as_string()->get(), entry);
    }
  }
  [[nodiscard]] Bytes hex_of(const std::string& value, const toml::node& node,
                             std::string_view key) const;
  [[nodiscard]] const std::filesystem::path& source() const noexcept { return source_; }

 private:
  std::filesystem::path source_;
};

/// Reads the command part of a profile's table. Throws ProfileError.
[[nodiscard]] CardCommands read_commands(const ProfileReader& reader, const toml::table& table,
                                         bool verified);

}  // namespace kilt
