// What a foreign module can do, and how it is asked to.
#pragma once

#include "drivers/delegate/module.h"
#include "drivers/token.h"

namespace kilt::delegate {

/// No signature and no RSA block is longer (RSA-16384).
inline constexpr std::size_t kMaxSignature = 2048;

/// From the slot's mechanism list. Throws what check() throws.
[[nodiscard]] Capabilities read_capabilities(const Module& module, CK_SLOT_ID slot,
                                             CK_FLAGS token_flags);

/// The mechanism for a signature, with its parameter.
class SignMechanism {
 public:
  /// `salt`: of PSS, in bytes. Throws NotSupported for a hash the scheme needs and has not.
  SignMechanism(SignScheme scheme, KeyType type, Hash hash, std::size_t salt);
  [[nodiscard]] CK_MECHANISM* get() noexcept { return &mechanism_; }

 private:
  CK_RSA_PKCS_PSS_PARAMS pss_{};
  CK_MECHANISM mechanism_{};
};

class DecryptMechanism {
 public:
  DecryptMechanism(DecryptScheme scheme, Hash hash);
  [[nodiscard]] CK_MECHANISM* get() noexcept { return &mechanism_; }

 private:
  CK_RSA_PKCS_OAEP_PARAMS oaep_{};
  CK_MECHANISM mechanism_{};
};

}  // namespace kilt::delegate
