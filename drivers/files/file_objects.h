// What a container holds, as the token's objects.
#pragma once

#include "drivers/crypto/pkcs12.h"
#include "drivers/objects.h"

namespace kilt::files {

/// The objects of an open container. A reference is the kind and a hash of the object itself, so
/// that it never comes to mean another one.
[[nodiscard]] ObjectList list_container(const crypto::Pkcs12& container);
/// Only certificates: what may be seen without the password, of what was once seen with it.
[[nodiscard]] ObjectList list_certificates(const std::vector<Certificate>& certificates);

/// The bag behind a reference, nullptr if it is gone.
[[nodiscard]] crypto::Pkcs12Bag* find_bag(crypto::Pkcs12& container, const ObjectRef& ref);

/// The id the CA gives a key: the subject key identifier of its certificates. RSA and keys of 2004:
/// SHA-1 of the whole SubjectPublicKeyInfo; GOST of 512 bits: of the BIT STRING's contents.
[[nodiscard]] Bytes ca_key_id(const PublicKey& key);

}  // namespace kilt::files
