// Attributes of what a foreign module is asked to make.
#pragma once

#include "drivers/delegate/attributes.h"
#include "drivers/objects.h"

namespace kilt::delegate {

[[nodiscard]] CK_MECHANISM generation_mechanism(KeyType type);
/// The halves of a pair to be generated or imported.
[[nodiscard]] Template public_template(const KeySpec& spec);
[[nodiscard]] Template private_template(const KeySpec& spec);
/// Adds what the public half of a pair to be generated needs.
void add_generation(Template& public_half, const KeySpec& spec);
/// Adds an RSA key's numbers to both halves.
void add_rsa_key(Template& public_half, Template& private_half, const RsaPrivateKey& key);
/// Subject, issuer and serial number come out of the certificate. Throws Inconsistent if it is
/// none.
[[nodiscard]] Template certificate_template(const Certificate& certificate, BytesView der);
/// SHA-1 of the subjectPublicKey's contents.
[[nodiscard]] Bytes key_identifier(const PublicKey& key);

}  // namespace kilt::delegate
