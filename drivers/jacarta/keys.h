// RSA key objects of the Laser applet: making, loading, using them (sheet, sections
// 5.2 and 7). The key is the key object selected last.
#pragma once

#include "drivers/jacarta/files.h"
#include "drivers/objects.h"

namespace kilt::jacarta {

/// Throws NotSupported with the reason unless the applet makes keys of this kind.
void check_key_spec(const KeySpec& spec);

/// Makes an empty private key object.
void create_private_key(Files& files, const FilePath& path, unsigned bits);
/// Makes a public key object with its value.
void create_public_key(Files& files, const FilePath& path, const RsaPublicKey& key);
/// Generates the pair in a key object made just now; takes up to minutes.
[[nodiscard]] RsaPublicKey generate_in(Files& files, const FilePath& path, unsigned bits);
/// Loads a private key. Throws InvalidData if a part is missing, Inconsistent if parts do not fit.
void load_into(Files& files, const FilePath& path, const RsaPrivateKey& key);

/// The public half of any RSA key object; std::monostate if the token does not give it.
[[nodiscard]] PublicKey read_public_half(Files& files, const FilePath& path);

/// The card pads (PKCS#1 v1.5, type 1): `data` is at most 11 bytes shorter than the modulus.
[[nodiscard]] Bytes sign_padded(Files& files, const FilePath& path, BytesView data);
/// The private operation on a whole block, to sign or to decipher.
[[nodiscard]] Bytes private_operation(Files& files, const FilePath& path, BytesView block);
/// The card strips the padding (PKCS#1 v1.5, type 2).
[[nodiscard]] SecureBytes decipher_padded(Files& files, const FilePath& path, BytesView cryptogram);

}  // namespace kilt::jacarta
