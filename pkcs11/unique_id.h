// CKA_UNIQUE_ID (PKCS#11 v3.2, 4.4.1): one value for one object, the same in every process and
// after every restart, never taken over by a later object.
#pragma once

#include "pkcs11/object.h"

namespace kilt::p11 {

/// A digest, in hex, of what makes the object this one: the token, its class, its place on the
/// token and what it holds there from its making on (public key, certificate). Tokens have no
/// attribute of their own for it. A label or a CKA_ID may change and does not count.
[[nodiscard]] AttributeValue unique_id(Loader& loader, CK_OBJECT_CLASS object_class,
                                       BytesView place, BytesView contents);

}  // namespace kilt::p11
