#include "tools/signing/signer.h"

#include <array>

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/sha.h>

#include "drivers/crypto/gost.h"
#include "drivers/crypto/gost_key.h"
#include "tools/client/gost.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

constexpr const char* kSha256 = "2.16.840.1.101.3.4.2.1";

/// DigestInfo of SHA-256 before the hash (RFC 8017, 9.2, note 1).
constexpr std::array<Byte, 19> kSha256Info{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                           0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                           0x01, 0x05, 0x00, 0x04, 0x20};

Bytes sha256(BytesView data) {
  Bytes hash(SHA256_DIGEST_LENGTH);
  SHA256(data.data(), data.size(), hash.data());
  return hash;
}

/// r || s to Ecdsa-Sig-Value.
Bytes ecdsa_der(BytesView raw) {
  if (raw.size() < 2 || raw.size() % 2 != 0)
    throw Failure(Kind::kModule, tr("The module gave a signature of an impossible length."));
  const auto half = static_cast<int>(raw.size() / 2);
  const Owned<ECDSA_SIG, ECDSA_SIG_free> signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(raw.data(), half, nullptr),
                 BN_bin2bn(raw.data() + half, half, nullptr));
  return to_der(signature.get(), i2d_ECDSA_SIG);
}

Bytes raw_signature(Session& session, const KeyView& key, BytesView data) {
  switch (key.type) {
    case CKK_RSA: {
      if (session.module().mechanism(session.slot(), CKM_SHA256_RSA_PKCS))
        return session.sign(CKM_SHA256_RSA_PKCS, key.private_key, key.always_authenticate, data);
      Bytes info(kSha256Info.begin(), kSha256Info.end());
      const Bytes hash = sha256(data);
      info.insert(info.end(), hash.begin(), hash.end());
      return session.sign(CKM_RSA_PKCS, key.private_key, key.always_authenticate, info);
    }
    case CKK_EC:
      return ecdsa_der(
          session.sign(CKM_ECDSA, key.private_key, key.always_authenticate, sha256(data)));
    default: {
      // PKCS#11 has the order of X.509 in Russia (RFC 4491, 2.2.2): s, r, each big-endian.
      const GostAlgorithm algorithm = gost_algorithm(key.spki);
      const Bytes bits = session.sign(algorithm.mechanism, key.private_key, key.always_authenticate,
                                      crypto::digest(algorithm.hash, data));
      return algorithm.kazakh ? plain(crypto::kazakh_signature(bits)) : bits;
    }
  }
}

}  // namespace

Signature signature_algorithm(const KeyView& key) {
  switch (key.type) {
    case CKK_RSA:
      return {"1.2.840.113549.1.1.11", true, kSha256, true, {}};
    case CKK_EC:
      return {"1.2.840.10045.4.3.2", false, kSha256, true, {}};
    default:
      if (is_gost(key.type) && !key.spki.empty()) {
        const GostAlgorithm gost = gost_algorithm(key.spki);
        return {gost.signature_oid, gost.kazakh, gost.digest_oid, gost.kazakh, {}};
      }
      throw Failure(Kind::kUnsupported,
                    tr("Keys of the kind {0} are not used here.", key.algorithm));
  }
}

Hash hash_of(const KeyView& key) {
  return is_gost(key.type) ? gost_algorithm(key.spki).hash : Hash::kSha256;
}

Bytes digest_data(const KeyView& key, BytesView data) {
  return plain(crypto::digest(hash_of(key), data));
}

Signature sign_data(Session& session, const KeyView& key, BytesView data) {
  Signature signature = signature_algorithm(key);
  if (key.private_key == 0)
    throw Failure(Kind::kNotFound, tr("The private key is not on the token, or not seen."));
  signature.bits = raw_signature(session, key, data);
  if (!key.spki.empty()) signature.verified = verify_data(key.spki, data, signature.bits);
  if (signature.verified == Verification::kDoesNotFit)
    throw Failure(Kind::kToken, tr("The token's signature does not fit its public key."),
                  tr("Do not use this key; `kilt trace -- kilt ...` makes a report."));
  return signature;
}

Verification verify_data(BytesView spki, BytesView data, BytesView signature) {
  if (!std::holds_alternative<std::monostate>(crypto::read_gost_public_key(spki))) {
    const GostAlgorithm gost = gost_algorithm(spki);
    if (crypto::gost_curve(gost.key.parameters) == crypto::GostCurve::kUnknown)
      return Verification::kNotComputed;
    return verify_gost(spki, crypto::digest(gost.hash, data), signature)
               ? Verification::kFits
               : Verification::kDoesNotFit;
  }
  const unsigned char* in = spki.data();
  const PkeyPtr key(d2i_PUBKEY(nullptr, &in, static_cast<long>(spki.size())));
  const int id = key ? EVP_PKEY_get_base_id(key.get()) : 0;
  if (id != EVP_PKEY_RSA && id != EVP_PKEY_EC) {
    ERR_clear_error();
    return Verification::kNotComputed;
  }
  const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  need_openssl(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1,
               "verify");
  const bool good = EVP_DigestVerify(context.get(), signature.data(), signature.size(), data.data(),
                                     data.size()) == 1;
  ERR_clear_error();
  return good ? Verification::kFits : Verification::kDoesNotFit;
}

X509AlgorPtr algorithm_identifier(const std::string& oid, bool null_parameters) {
  X509AlgorPtr algorithm(X509_ALGOR_new());
  X509_ALGOR_set0(algorithm.get(), object_of(oid).release(),
                  null_parameters ? V_ASN1_NULL : V_ASN1_UNDEF, nullptr);
  return algorithm;
}

}  // namespace kilt::tool
