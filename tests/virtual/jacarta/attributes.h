// Files of packed PKCS#11 attributes, as the hosts of this card write them.
#pragma once

#include <string>

#include "tests/virtual/card.h"

namespace kilt::vtoken::jacarta {

class AttributeFile {
 public:
  explicit AttributeFile(std::uint16_t id) : id_(id) {}
  /// `reserve`: the value's place is filled up to so many bytes.
  void add(unsigned type, std::uint8_t flags, const Bytes& value, std::size_t reserve = 0);
  /// The whole file; one that begins with attribute 8013 gets its SHA-1.
  [[nodiscard]] Bytes bytes(const Bytes& stamp) const;

 private:
  std::uint16_t id_;
  std::uint8_t count_ = 0;
  Bytes attributes_;
};

/// The file of container names, `records` from its beginning.
Bytes cmapfile(bool athena, const Bytes& records = {});
Bytes text_bytes(const std::string& characters);

}  // namespace kilt::vtoken::jacarta
