#include "drivers/crypto/ec.h"

#include <openssl/ecdsa.h>

#include "drivers/crypto/errors.h"
#include "drivers/crypto/openssl.h"
#include "drivers/crypto/spki.h"

namespace kilt::crypto {
namespace {

using Signature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;

}  // namespace

bool is_on_curve(const EcPublicKey& key) {
  try {
    return decode_key("EC", key) != nullptr;
  } catch (const InvalidData&) {
    return false;
  }
}

bool ecdsa_verify(const EcPublicKey& key, BytesView hash_value, BytesView signature) {
  if (signature.empty() || signature.size() % 2 != 0) return false;
  const std::size_t half = signature.size() / 2;
  Signature pair(need(ECDSA_SIG_new()));
  BigNumber r = number(signature.first(half));
  BigNumber s = number(signature.subspan(half));
  ECDSA_SIG_set0(pair.get(), r.release(), s.release());
  const Bytes der = der_of(pair.get(), i2d_ECDSA_SIG);

  const EvpPkey pkey = decode_key("EC", key);
  const EvpPkeyCtx context(need(EVP_PKEY_CTX_new_from_pkey(library(), pkey.get(), nullptr)));
  if (EVP_PKEY_verify_init(context.get()) != 1) throw InvalidData("the public key cannot be used");
  return EVP_PKEY_verify(context.get(), der.data(), der.size(), hash_value.data(),
                         hash_value.size()) == 1;
}

}  // namespace kilt::crypto
