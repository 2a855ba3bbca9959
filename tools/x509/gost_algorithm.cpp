#include "tools/x509/gost_algorithm.h"

#include "drivers/crypto/gost.h"
#include "drivers/crypto/gost_key.h"
#include "drivers/crypto/tc26.h"
#include "tools/terminal/failure.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

constexpr std::size_t kLongPoint = 128;
constexpr unsigned long kGost256 = 0x1201;  // CKM_GOSTR3410

}  // namespace

GostAlgorithm gost_algorithm(BytesView spki) {
  const PublicKey parsed = crypto::read_gost_public_key(spki);
  const auto* key = std::get_if<GostPublicKey>(&parsed);
  if (key == nullptr) throw Failure(Kind::kUnsupported, tr("This is no GOST key."));
  GostAlgorithm algorithm;
  algorithm.key = *key;
  algorithm.hash = crypto::gost_hash_of(*key);
  algorithm.kazakh = crypto::is_kazakh(key->parameters);
  const bool long_key = key->point.size() == kLongPoint;
  algorithm.mechanism = long_key ? tc26::kGost512 : kGost256;
  if (algorithm.kazakh) {
    algorithm.signature_oid = long_key ? "1.2.398.3.10.1.1.2.3.2" : "1.2.398.3.10.1.1.1.2";
    algorithm.digest_oid = long_key ? "1.2.398.3.10.1.3.3" : "1.2.398.3.10.1.3.1";
    // pkigovkz/xmldsig names no others.
    constexpr const char* kPki = "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:";
    constexpr const char* kMore = "http://www.w3.org/2001/04/xmldsig-more#";
    algorithm.signature_uri = long_key ? std::string(kPki) + "gostr34102015-gostr34112015-512"
                                       : std::string(kMore) + "gost34310-gost34311";
    algorithm.digest_uri =
        long_key ? std::string(kPki) + "gostr34112015-512" : std::string(kMore) + "gost34311";
  } else if (long_key) {
    algorithm.signature_oid = "1.2.643.7.1.1.3.3";
    algorithm.digest_oid = "1.2.643.7.1.1.2.3";
  } else if (algorithm.hash == Hash::kStreebog256) {
    algorithm.signature_oid = "1.2.643.7.1.1.3.2";
    algorithm.digest_oid = "1.2.643.7.1.1.2.2";
  } else {
    algorithm.signature_oid = "1.2.643.2.2.3";
    algorithm.digest_oid = "1.2.643.2.2.9";
  }
  return algorithm;
}

bool verify_gost(BytesView spki, BytesView hash, BytesView signature) {
  const GostAlgorithm algorithm = gost_algorithm(spki);
  const kilt::Bytes standard =
      algorithm.kazakh ? crypto::kazakh_signature(signature) : kilt::to_bytes(signature);
  return crypto::gost_verify(algorithm.key, hash, standard);
}

}  // namespace kilt::tool
