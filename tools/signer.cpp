#include "tools/signer.h"

#include <array>

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/sha.h>

#include "tools/gost.h"
#include "tools/text.h"

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

/// GOST R 34.11-94 (CryptoPro parameters): by the module, else by OpenSSL's GOST provider.
Bytes gost_digest(Session& session, BytesView data) {
  Bytes parameters = gost_hash_parameters();
  if (auto value = session.digest({CKM_GOSTR3411, parameters.data(), parameters.size()}, data))
    return *value;
  static OSSL_PROVIDER* provider = OSSL_PROVIDER_try_load(nullptr, "gostprov", 1);
  const Owned<EVP_MD, EVP_MD_free> md(
      provider == nullptr ? nullptr : EVP_MD_fetch(nullptr, "md_gost94", nullptr));
  ERR_clear_error();
  if (!md)
    throw Failure(Kind::kUnsupported,
                  tr("Neither the module nor OpenSSL has the hash GOST R 34.11-94."),
                  tr("Install the package libengine-gost-openssl."));
  Bytes hash(static_cast<std::size_t>(EVP_MD_get_size(md.get())));
  need_openssl(EVP_Digest(data.data(), data.size(), hash.data(), nullptr, md.get(), nullptr) == 1,
               "hash");
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
    default:
      // PKCS#11 has the order of X.509 (RFC 4491, 2.2.2): s, r, each big-endian.
      return session.sign(CKM_GOSTR3410, key.private_key, key.always_authenticate,
                          gost_digest(session, data));
  }
}

}  // namespace

Signature signature_algorithm(const KeyView& key) {
  switch (key.type) {
    case CKK_RSA:
      return {"1.2.840.113549.1.1.11", true, kSha256, true, {}};
    case CKK_EC:
      return {"1.2.840.10045.4.3.2", false, kSha256, true, {}};
    case CKK_GOSTR3410:
      return {"1.2.643.2.2.3", false, "1.2.643.2.2.9", false, {}};
    default:
      throw Failure(Kind::kUnsupported,
                    tr("Keys of the kind {0} are not used here.", key.algorithm));
  }
}

Bytes digest_data(Session& session, const KeyView& key, BytesView data) {
  return key.type == CKK_GOSTR3410 ? gost_digest(session, data) : sha256(data);
}

Signature sign_data(Session& session, const KeyView& key, BytesView data) {
  Signature signature = signature_algorithm(key);
  if (key.private_key == 0)
    throw Failure(Kind::kNotFound, tr("The private key is not on the token, or not seen."));
  signature.bits = raw_signature(session, key, data);
  if (!key.spki.empty() && verify_data(key.spki, data, signature.bits) == false)
    throw Failure(Kind::kToken, tr("The token's signature does not fit its public key."),
                  tr("Do not use this key; `kilt trace -- kilt ...` makes a report."));
  return signature;
}

std::optional<bool> verify_data(BytesView spki, BytesView data, BytesView signature) {
  const unsigned char* in = spki.data();
  const PkeyPtr key(d2i_PUBKEY(nullptr, &in, static_cast<long>(spki.size())));
  const int id = key ? EVP_PKEY_get_base_id(key.get()) : 0;
  if (id != EVP_PKEY_RSA && id != EVP_PKEY_EC) {
    ERR_clear_error();
    return std::nullopt;
  }
  const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  need_openssl(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1,
               "verify");
  const bool good = EVP_DigestVerify(context.get(), signature.data(), signature.size(), data.data(),
                                     data.size()) == 1;
  ERR_clear_error();
  return good;
}

X509AlgorPtr algorithm_identifier(const std::string& oid, bool null_parameters) {
  X509AlgorPtr algorithm(X509_ALGOR_new());
  X509_ALGOR_set0(algorithm.get(), object_of(oid).release(),
                  null_parameters ? V_ASN1_NULL : V_ASN1_UNDEF, nullptr);
  return algorithm;
}

}  // namespace kilt::tool
