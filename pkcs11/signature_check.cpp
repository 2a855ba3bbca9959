#include "pkcs11/signature_check.h"

#include <array>

#include "drivers/crypto/ec.h"
#include "drivers/crypto/gost.h"
#include "drivers/crypto/rsa.h"
#include "drivers/errors.h"

namespace kilt::p11 {
namespace {

const char* const kUnknownCurve =
    "the key's curve is not known on this computer, which checks each signature before it leaves";

bool fits(const RsaPublicKey& key, const SignRequest& request, const Bytes& signature) {
  switch (request.scheme) {
    case SignScheme::kRsaRaw:
      return crypto::rsa_is_private_of(key, request.input, signature);
    case SignScheme::kRsaPkcs1:
      return crypto::rsa_verify_pkcs1(key, request.input, signature);
    case SignScheme::kRsaPss:
      return crypto::rsa_verify_pss(key, request.input, request.hash, request.hash,
                                    crypto::digest_size(request.hash), signature);
    default:
      return false;
  }
}

bool fits(const EcPublicKey& key, const SignRequest& request, const Bytes& signature) {
  if (!crypto::is_on_curve(key)) throw NotSupported(kUnknownCurve);
  return request.scheme == SignScheme::kEcdsa &&
         crypto::ecdsa_verify(key, request.input, signature);
}

/// The key with its curve. Where the token does not give it, the point does: it lies on one of
/// CryptoPro's curves A, B, C only (RFC 4357, 11.4).
GostPublicKey with_curve(const GostPublicKey& key) {
  if (!key.parameters.empty()) return key;
  GostPublicKey guess = key;
  for (const Byte number : std::array<Byte, 3>{1, 2, 3}) {
    guess.parameters = {0x06, 0x07, 0x2A, 0x85, 0x03, 0x02, 0x02, 0x23, number};
    if (crypto::gost_is_on_curve(guess)) return guess;
  }
  return key;
}

bool fits(const GostPublicKey& key, const SignRequest& request, const Bytes& signature) {
  const GostPublicKey whole = with_curve(key);
  if (!crypto::gost_is_on_curve(whole)) throw NotSupported(kUnknownCurve);
  return request.scheme == SignScheme::kGost3410 &&
         crypto::gost_verify(whole, request.input, signature);
}

bool fits(std::monostate, const SignRequest&, const Bytes&) {
  throw NotSupported("nothing tells the key's public half");
}

}  // namespace

bool is_signature_of(const PublicKey& key, const SignRequest& request, const Bytes& signature) {
  try {
    return std::visit([&](const auto& one) { return fits(one, request, signature); }, key);
  } catch (const InvalidData&) {
    return false;  // a signature not below the modulus, and the like
  }
}

}  // namespace kilt::p11
