// Key objects ("RSF") of the Rutoken ECP platform and their use (kaztoken sheet, sections 6, 7,
// 9 to 11). Numbers inside keys, hashes and signatures are little-endian on the wire; here they are
// as the rest of Kilt has them, big-endian. The turning happens in this file only.
#pragma once

#include "apdu/card.h"
#include "drivers/kaztoken/files.h"
#include "drivers/pkcs15/writer.h"
#include "drivers/token.h"

namespace kilt::kaztoken {

/// Private keys live in 1000/1000/6002, public ones in 1000/1000/6001, under the same number.
[[nodiscard]] FilePath private_key_path(Byte number);
[[nodiscard]] FilePath public_key_path(Byte number);

/// Selects the private key and makes it current for `template_tag` (B6 sign, B8 decipher).
void choose_key(apdu::Card& card, Files& files, const FilePath& path, Byte reference,
                Byte template_tag);

/// What kind of key pair an RSF pair holds.
using KeyShape = pkcs15::KeyShape;

/// Makes the two empty objects of a key pair. Throws TokenFull, Inconsistent if the number is
/// taken.
void create_key_pair(Files& files, Byte number, const KeyShape& shape);
/// Generates; takes up to minutes. Answers the public half. Throws NotSupported if the token
/// refuses this size.
[[nodiscard]] PublicKey generate_key_pair(apdu::Card& card, Byte number, const KeyShape& shape);
/// Loads an RSA key pair into the two objects.
void load_key_pair(apdu::Card& card, Files& files, Byte number, const RsaPrivateKey& key);
/// `24 01 pp`: gives the PIN or the selected object (pp = 0) a new value, in as many commands as it
/// takes; answers the last one's status word, or the first that is not 9000.
StatusWord change_reference_data(apdu::Card& card, Byte reference, BytesView value);

/// PSO COMPUTE DIGITAL SIGNATURE over a whole block of modulus length.
[[nodiscard]] Bytes sign_rsa(apdu::Card& card, BytesView block);
/// PSO COMPUTE DIGITAL SIGNATURE over a hash as GOST R 34.11 gives it; answer as PKCS#11
/// has it.
[[nodiscard]] Bytes sign_gost(apdu::Card& card, BytesView hash);
/// PSO DECIPHER: the whole block of modulus length.
[[nodiscard]] SecureBytes decipher_rsa(apdu::Card& card, BytesView cryptogram);

}  // namespace kilt::kaztoken
