// Keys of an IDPrime card: public halves by reference, signature, decipherment, key agreement.
#pragma once

#include "drivers/etoken/idprime/files.h"
#include "drivers/token.h"

namespace kilt::etoken::idprime {

/// The public key of a reference, no PIN needed; std::monostate if there is none or the card does
/// not give it. `bits` says which kind to ask for first: up to 521 an EC key; 0: unknown.
[[nodiscard]] PublicKey read_public_key(Files& files, Byte reference, unsigned bits);

/// Three commands: MSE SET, PSO HASH, PSO CDS. Throws NotSupported for a hash the card refuses.
[[nodiscard]] Bytes sign(Files& files, Byte reference, unsigned bits, SignScheme scheme, Hash hash,
                         BytesView input);
[[nodiscard]] SecureBytes decipher(Files& files, Byte reference, DecryptScheme scheme, Hash hash,
                                   BytesView cryptogram);
/// The X coordinate of the shared point.
[[nodiscard]] SecureBytes agree(Files& files, Byte reference, BytesView point);
[[nodiscard]] Bytes random(Files& files, std::size_t size);

}  // namespace kilt::etoken::idprime
