// Files of the virtual CardOS card, and the objects (PINs, keys, security environments) that lie in
// its DFs.
#pragma once

#include <array>
#include <map>
#include <memory>

#include "tests/virtual/etoken/wire.h"

namespace kilt::vtoken::etoken::cardos {

/// Descriptor byte without the shareable bit.
enum class Type : std::uint8_t {
  kTransparent = 0x01,
  kLinearFixed = 0x02,
  kLinearTlv = 0x05,
  kCyclic = 0x06,
  kDf = 0x38,
};

/// A PIN, or a key for challenge and response.
struct TestObject {
  Bytes value;
  bool by_challenge = false;
  unsigned tries_max = 3, tries_left = 3;
  unsigned shortest = 0;
  std::uint8_t change = 0, unblock = 0xFF;  ///< ids of test objects; 00 always, FF never
  bool shows_tries = false;                 ///< with the VerifyRC package
};

/// An RSA key in components: modulus and exponent, or p, q, dP, dQ, qInv.
struct KeyObject {
  std::uint8_t algorithm = 0;
  std::uint8_t use = 0, change = 0, generate = 0;  ///< ids of test objects
  bool complete = false;
  std::map<std::uint8_t, Bytes> components;

  /// More than 1024 bits, with the Chinese remainder theorem.
  [[nodiscard]] bool is_long() const { return algorithm == 0x0A || algorithm == 0x8A; }
  /// Bytes of the modulus; 0 if the components do not make a key.
  [[nodiscard]] std::size_t size() const;
  /// The private operation; empty if the block is not below the modulus or this is no key.
  [[nodiscard]] Bytes raw(const Bytes& block) const;
  /// A new key of the same size takes the components' place. Modulus, then public exponent.
  std::pair<Bytes, Bytes> generate_new();
};

struct File {
  Type type = Type::kDf;
  std::uint16_t id = 0;
  std::size_t size = 0;
  std::array<std::uint8_t, 9> acl{};
  Bytes name;                  ///< DF
  Bytes body;                  ///< transparent EF
  std::vector<Bytes> records;  ///< other EFs
  std::map<std::uint8_t, TestObject> tests;
  std::map<std::uint8_t, KeyObject> keys;
  std::map<std::uint8_t, Bytes> environments;
  File* parent = nullptr;
  std::vector<std::unique_ptr<File>> children;

  [[nodiscard]] bool is_df() const { return type == Type::kDf; }
  [[nodiscard]] File* child(std::uint16_t wanted) const;
  File* add(std::unique_ptr<File> file);
  /// Bytes that this and all below it take.
  [[nodiscard]] std::size_t memory() const;
  [[nodiscard]] nlohmann::json save() const;
  static std::unique_ptr<File> load(const nlohmann::json& state, File* parent);
};

}  // namespace kilt::vtoken::etoken::cardos
