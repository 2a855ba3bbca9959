#include "drivers/delegate/gost_signature.h"

#include "apdu/errors.h"
#include "drivers/crypto/gost.h"

namespace kilt::delegate {
namespace {

Bytes halves_exchanged(BytesView signature) {
  Bytes exchanged = to_bytes(signature.subspan(signature.size() / 2));
  append(exchanged, signature.first(signature.size() / 2));
  return exchanged;
}

}  // namespace

Bytes in_standard_order(const PublicKey& key, BytesView hash_value, Bytes signature) {
  const auto* gost = std::get_if<GostPublicKey>(&key);
  if (gost == nullptr || !crypto::gost_is_on_curve(*gost)) return signature;
  const Bytes turned = reversed(signature);
  for (const Bytes& reading :
       {signature, turned, halves_exchanged(signature), halves_exchanged(turned)})
    if (crypto::gost_verify(*gost, hash_value, reading)) return reading;
  throw MalformedAnswer("the module's GOST signature does not verify in any byte order");
}

}  // namespace kilt::delegate
