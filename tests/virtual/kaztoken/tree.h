// The file tree of the virtual Kaztoken: DFs, EFs and the key and PIN objects ("RSF").
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "tests/virtual/card.h"

namespace kilt::vtoken::kaztoken {

enum class Type : std::uint16_t { kDf = 0x3800, kEf = 0x0100, kRsf = 0x1000 };

struct File {
  std::uint16_t id = 0;
  Type type = Type::kEf;
  std::uint16_t size = 0;
  std::array<std::uint8_t, 15> access{};
  std::array<std::uint8_t, 6> properties{};  ///< RSF: type, option, flags, tries, 0, 0
  Bytes body;
  bool loaded = false;  ///< RSF: has a value
  File* parent = nullptr;
  std::vector<std::unique_ptr<File>> children;

  [[nodiscard]] File* child(std::uint16_t wanted) const;
  /// Bytes this file and all below it take.
  [[nodiscard]] std::size_t memory() const;
  [[nodiscard]] nlohmann::json save() const;
  static std::unique_ptr<File> load(const nlohmann::json& state, File* parent);
};

/// Follows ids from `root`; nullptr if one is missing.
File* walk(File* root, const std::vector<std::uint16_t>& path);

std::string hex(const Bytes& bytes);
Bytes unhex(const std::string& text);

}  // namespace kilt::vtoken::kaztoken
