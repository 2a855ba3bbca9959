// Saved states of digests (PKCS#11 v3.2, 5.6.6 and 5.6.7): Java copies its digests that way.
// OpenSSL does not export a digest's inner state, so the state an application gets is a number of a
// copy that is kept here; the oldest copies go. Guarded by the slot's mutex.
#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "drivers/crypto/hash.h"
#include "pkcs11/cryptoki.h"

namespace kilt::p11 {

struct DigestOperation {
  Hash hash;
  crypto::Digest running;
  bool updated = false;

  [[nodiscard]] DigestOperation clone() const { return {hash, running.clone(), updated}; }
};

class SavedDigests {
 public:
  void save(CK_ULONG number, DigestOperation operation);
  /// A copy of what was saved under the number; nothing if it is unknown or was saved too long ago.
  [[nodiscard]] std::optional<DigestOperation> restore(CK_ULONG number) const;

 private:
  std::deque<std::pair<CK_ULONG, DigestOperation>> saved_;
};

}  // namespace kilt::p11
