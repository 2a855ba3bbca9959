// The one OpenSSL context of this module (design decision 12): no setting of the process is read
// or changed beyond OpenSSL's own start. Shared by drivers and the host's side of PKCS#11.
#pragma once

#include <openssl/types.h>

#include "apdu/bytes.h"

namespace kilt::crypto {

/// Creates the context. Must run before any lock is taken: OpenSSL may load engines at its start,
/// one of which may load this module again. Cheap after the first time.
void warm_up();
/// The context, never freed (nothing happens at exit). Throws std::bad_alloc.
[[nodiscard]] OSSL_LIB_CTX* library();

/// SHA-1, for object identifiers and for protocols that are made of it.
[[nodiscard]] Bytes sha1(BytesView data);

}  // namespace kilt::crypto
