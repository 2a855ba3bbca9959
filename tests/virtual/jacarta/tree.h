// The file tree of the virtual JaCarta: DFs, EFs and key objects (KO: a file that holds a PIN, an
// expression over PINs, or a key).
#pragma once

#include <memory>
#include <optional>

#include "tests/virtual/card.h"

namespace kilt::vtoken::jacarta {

/// As in P1 of CREATE and LIST, and in tag 87.
enum class Type : std::uint8_t { kEf = 0x01, kKo = 0x08, kDf = 0x38 };

/// An RSA key, big-endian numbers; d is empty in a public key object.
struct RsaKey {
  Bytes n, e, d;
};

struct File {
  Type type = Type::kEf;
  std::uint16_t id = 0;
  std::uint16_t size = 0;
  Bytes name;
  Bytes access;      ///< tag 86
  Bytes properties;  ///< tag 85 as given to CREATE
  Bytes body;        ///< EF: content; KO: PIN, expression or secret key
  std::optional<RsaKey> rsa;
  unsigned tries_left = 0, tries_max = 0;
  unsigned unblocks_left = 0, unblocks_max = 0;  ///< maximum 0: no limit
  File* parent = nullptr;
  std::vector<std::unique_ptr<File>> children;  ///< in order of creation

  [[nodiscard]] bool is_pin() const;
  [[nodiscard]] bool is_logic() const;
  [[nodiscard]] bool is_rsa() const;
  [[nodiscard]] std::uint8_t algorithm() const;  ///< of a KO's properties
  /// The child with that id, nullptr if there is none.
  [[nodiscard]] File* child(std::uint16_t wanted) const;
  File* add(std::unique_ptr<File> file);
  /// Bytes this file and all below it take.
  [[nodiscard]] std::size_t memory() const;
  [[nodiscard]] nlohmann::json save() const;
  static std::unique_ptr<File> load(const nlohmann::json& state, File* parent);
};

}  // namespace kilt::vtoken::jacarta
