// The types and constants of PKCS#11 (v2.40, header of p11-kit; what came with v3.0 to v3.2 is
// ours) with the functions' C linkage.
#pragma once

// Function declarations come out of pkcs11.h undecorated; export them from this module.
#pragma GCC visibility push(default)
#include <p11-kit/pkcs11.h>

#include "pkcs11/cryptoki3.h"
#pragma GCC visibility pop
