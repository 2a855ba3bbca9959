// Tokens formatted by the vendor's software, which keeps no PKCS#15 application (kaztoken sheet,
// section 14). Where that software writes labels and ids is not public; keys and certificates
// can be found all the same, and are matched by the key itself. Read only.
#pragma once

#include "drivers/kaztoken/files.h"
#include "drivers/objects.h"

namespace kilt::kaztoken {

/// Enumerates private keys in 1000/1000/6002, reads their public halves in 6001, searches
/// certificates below 1000/1004, 1000/1000/6004 and 1000/1001. A key's ref is its number, one byte.
[[nodiscard]] ObjectList read_vendor_objects(Files& files);

/// The DER certificate somewhere in a file's contents, empty if there is none.
[[nodiscard]] Bytes find_certificate(BytesView contents);

}  // namespace kilt::kaztoken
