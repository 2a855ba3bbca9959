// Cryptoki return values as failures a user understands.
#pragma once

#include <string>

#include "pkcs11/kilt.h"
#include "tools/terminal/failure.h"

namespace kilt::tool {

/// "CKR_PIN_INCORRECT", or "CKR 0x…" for one without a name.
std::string rv_name(CK_RV rv);

/// The failure for `rv`, which `function` ("C_Login") gave. `reason` is the module's own word on
/// it, from the token status object; it may be empty.
Failure failure_of(CK_RV rv, const char* function, const std::string& reason = {});

}  // namespace kilt::tool
