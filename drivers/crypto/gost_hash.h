// GOST's hashes by nettle. Output bytes in the order of RFC 6986 and RFC 5831, which is the order
// the CA's certificates are made with.
#pragma once

#include <memory>

#include "drivers/crypto/hash.h"

namespace kilt::crypto {

/// A running hash of GOST R 34.11-2012 or GOST 34.311-95.
class GostHash {
 public:
  GostHash() = default;
  GostHash(const GostHash&) = delete;
  GostHash& operator=(const GostHash&) = delete;
  virtual ~GostHash() = default;
  virtual void update(BytesView data) = 0;
  [[nodiscard]] virtual Bytes finish() = 0;
  [[nodiscard]] virtual std::unique_ptr<GostHash> clone() const = 0;
};

/// nullptr for a hash that is not one of GOST's.
[[nodiscard]] std::unique_ptr<GostHash> make_gost_hash(Hash hash);

}  // namespace kilt::crypto
