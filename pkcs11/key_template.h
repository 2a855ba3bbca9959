// Templates of keys, as the domain has them.
#pragma once

#include "drivers/objects.h"
#include "pkcs11/mechanisms.h"
#include "pkcs11/template.h"

namespace kilt::p11 {

struct PrivateKeyInput {
  KeySpec spec;
  PrivateKey key;
};

/// C_CreateObject(CKO_PRIVATE_KEY). Throws Refusal: CKR_TEMPLATE_INCOMPLETE,
/// CKR_ATTRIBUTE_VALUE_INVALID, CKR_TEMPLATE_INCONSISTENT (a key type no token here imports).
[[nodiscard]] PrivateKeyInput private_key_of(const Template& wanted);

/// C_GenerateKeyPair. Throws the same.
[[nodiscard]] KeySpec key_spec(const Mechanism& mechanism, const Template& public_half,
                               const Template& private_half);

}  // namespace kilt::p11
