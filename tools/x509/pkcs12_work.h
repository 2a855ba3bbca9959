// How long a PKCS#12 file makes a computer count before its password is known to be right.
#pragma once

#include <openssl/pkcs12.h>

#include "tools/terminal/bytes.h"

namespace kilt::tool {

/// Looks at everything that PKCS12_parse would count for, before it does; what lies in encrypted
/// contents is decrypted for that, their own count having been checked. `terminated` is the
/// password with a zero behind it. Throws Failure(kBadInput) for more than a million iterations.
void check_pkcs12_work(PKCS12* file, const Secret& terminated);

}  // namespace kilt::tool
