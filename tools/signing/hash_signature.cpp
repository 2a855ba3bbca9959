#include "tools/signing/hash_signature.h"

#include "drivers/crypto/padding.h"
#include "drivers/crypto/rsa.h"
#include "drivers/crypto/x509.h"
#include "tools/terminal/failure.h"
#include "tools/terminal/text.h"
#include "tools/x509/certificate.h"
#include "tools/x509/gost_algorithm.h"

namespace kilt::tool {

bool is_gost(Hash hash) noexcept {
  return hash == Hash::kStreebog256 || hash == Hash::kStreebog512 || hash == Hash::kGost94 ||
         hash == Hash::kGost94CryptoPro;
}

bool fits_hash(BytesView certificate, Hash hash, BytesView value, BytesView signature) {
  const auto fields = x509::fields(certificate);
  if (!fields) return false;
  if (const auto* rsa = std::get_if<RsaPublicKey>(&fields->public_key))
    return !is_gost(hash) &&
           crypto::rsa_verify_pkcs1(*rsa, crypto::digest_info(hash, value), signature);
  if (std::holds_alternative<GostPublicKey>(fields->public_key))
    return gost_algorithm(fields->public_key_info).hash == hash &&
           verify_gost(fields->public_key_info, value, signature);
  throw Failure(Kind::kUnsupported, tr("Keys of the kind {0} are not used here.",
                                       key_algorithm(fields->public_key_info)));
}

}  // namespace kilt::tool
