// Checks of signatures and keys by OpenSSL, for the tests of this folder.
#pragma once

#include <string>

#include "drivers/objects.h"
#include "drivers/token.h"

namespace kilt::test {

/// DigestInfo of the text under the hash.
Bytes digest_info(Hash hash, const std::string& text);
/// The signature is RSASSA-PKCS1-v1_5 over the text.
bool verifies(const RsaPublicKey& key, Hash hash, const std::string& text, BytesView signature);
/// RSAES-PKCS1-v1_5.
Bytes encrypt(const RsaPublicKey& key, const std::string& text);
/// A certificate for this key, made by a CA of the test.
Bytes make_certificate(const RsaPublicKey& key, const std::string& common_name);

}  // namespace kilt::test
