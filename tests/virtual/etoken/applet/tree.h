// The file tree of the eToken applet.
#pragma once

#include <array>
#include <memory>

#include "tests/virtual/etoken/key_pair.h"
#include "tests/virtual/etoken/wire.h"

namespace kilt::vtoken::etoken {

enum class FileType : std::uint8_t { kDf = 0x01, kEf = 0x02, kDomain = 0x03 };

/// Access bytes: 00 always, FF never, else the reference of the PIN. Positions as publicly
/// inferred: 0 read (in a DF also create), 1 delete, 2 update, 4 use of a DF's key.
using Acl = std::array<std::uint8_t, 8>;

struct File {
  FileType type = FileType::kDf;
  std::uint16_t id = 0;
  Acl acl{};
  Bytes security;  ///< tag 05: empty, or 12 bytes where the key wants secure messaging
  Bytes body;      ///< EF
  KeyPair key;     ///< DF: its object 31
  File* parent = nullptr;
  std::vector<std::unique_ptr<File>> children;

  [[nodiscard]] File* child(std::uint16_t wanted) const;
  File* add(FileType new_type, std::uint16_t new_id, const Acl& new_acl, Bytes new_body = {});
  [[nodiscard]] nlohmann::json save() const;
  static std::unique_ptr<File> load(const nlohmann::json& state, File* parent);
};

/// Follows ids, two bytes each, from `root`; nullptr if one is missing.
[[nodiscard]] File* walk(File* root, const Bytes& path);

/// SIMPLE-TLV of ISO 7816-4: one byte tag, length 00…FE, or FF and two bytes.
void put_simple(Bytes& target, std::uint8_t tag, const Bytes& value);
struct SimpleTlv {
  std::uint8_t tag = 0;
  bool long_form = false;
  Bytes value;
};
/// Nothing if the bytes are not a sequence of such objects.
[[nodiscard]] std::optional<std::vector<SimpleTlv>> parse_simple(const Bytes& bytes);

}  // namespace kilt::vtoken::etoken
