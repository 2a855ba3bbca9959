// A signature checked before it leaves: made by another key than the handle's, or wrong, it could
// be taken for the handle's, or betray the key (fault attacks).
#pragma once

#include "drivers/token.h"

namespace kilt::p11 {

/// What the token is asked for.
struct SignRequest {
  SignScheme scheme = SignScheme::kRsaRaw;
  Hash hash = Hash::kNone;
  Bytes input;
};

/// The signature of the request's input is the key's. Throws NotSupported, with the reason, for a
/// key whose signatures this computer cannot check.
[[nodiscard]] bool is_signature_of(const PublicKey& key, const SignRequest& request,
                                   const Bytes& signature);

}  // namespace kilt::p11
