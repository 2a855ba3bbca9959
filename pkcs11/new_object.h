// Creation policy: what a template means for an object that the token keeps (design decision 22).
// Default id, the key a certificate belongs to, who sees it, what a key is for, limits: decided
// here, for every family. Drivers store what comes out, or refuse what they cannot store.
#pragma once

#include "pkcs11/session.h"
#include "pkcs11/template.h"

namespace kilt::p11 {

/// C_CreateObject: makes a session or token object of a template; answers its handle. Throws
/// Refusal with the template's fault, CKR_SESSION_READ_ONLY, CKR_USER_NOT_LOGGED_IN; what the
/// driver throws.
[[nodiscard]] Handle create_object(Session& session, const Template& wanted);

struct NewPair {
  Handle public_key, private_key;
};
/// C_GenerateKeyPair. Throws the same, and NotSupported.
[[nodiscard]] NewPair generate_pair(Session& session, const Mechanism& mechanism,
                                    const Template& public_half, const Template& private_half);

}  // namespace kilt::p11
