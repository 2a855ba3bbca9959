#include "drivers/pkcs15/key_id.h"

#include "drivers/crypto.h"
#include "drivers/pkcs15/encode.h"

namespace kilt::pkcs15 {

Bytes key_id(const PublicKey& key) {
  // An EC point stands there without an OCTET STRING around it, a GOST one with.
  if (const auto* ec = std::get_if<EcPublicKey>(&key)) return crypto::sha1(ec->point);
  return crypto::sha1(encode_public_key(key));
}

}  // namespace kilt::pkcs15
