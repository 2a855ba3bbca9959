#include "tools/signing/suite.h"

#include <openssl/sha.h>

#include "drivers/crypto/gost_curve.h"
#include "drivers/crypto/gost_key.h"
#include "tools/client/gost.h"
#include "tools/terminal/text.h"
#include "tools/x509/certificate.h"

namespace kilt::tool {
namespace {

Suite rsa_suite(Session& session, const KeyView& key) {
  Suite suite;
  suite.digest_oid = "2.16.840.1.101.3.4.2.1";
  suite.signature_oid = "1.2.840.113549.1.1.11";
  suite.digest_uri = "http://www.w3.org/2001/04/xmlenc#sha256";
  suite.signature_uri = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
  suite.digest_size = SHA256_DIGEST_LENGTH;
  suite.digest = [](BytesView data) {
    Bytes hash(SHA256_DIGEST_LENGTH);
    SHA256(data.data(), data.size(), hash.data());
    return hash;
  };
  suite.sign = [&session, &key](BytesView data) { return sign_data(session, key, data).bits; };
  return suite;
}

Suite gost_suite(Session& session, const KeyView& key, BytesView spki) {
  const GostAlgorithm algorithm = gost_algorithm(spki);
  Suite suite;
  suite.digest_oid = algorithm.digest_oid;
  suite.signature_oid = algorithm.signature_oid;
  suite.digest_uri = algorithm.digest_uri;
  suite.signature_uri = algorithm.signature_uri;
  suite.digest_size = crypto::digest_size(algorithm.hash);
  suite.digest = [hash = algorithm.hash](BytesView data) {
    return plain(crypto::digest(hash, data));
  };
  suite.sign = [&session, &key](BytesView data) { return sign_data(session, key, data).bits; };
  return suite;
}

}  // namespace

bool has_suite(BytesView spki) {
  if (key_algorithm(spki).starts_with("RSA")) return true;
  const PublicKey key = crypto::read_gost_public_key(spki);
  const auto* gost = std::get_if<GostPublicKey>(&key);
  return gost != nullptr && crypto::is_kazakh(gost->parameters);
}

Suite suite_of(Session& session, const KeyView& key, BytesView spki) {
  if (key.type == CKK_RSA) return rsa_suite(session, key);
  if (is_gost(key.type) && has_suite(spki)) return gost_suite(session, key, spki);
  throw Failure(Kind::kUnsupported,
                tr("Keys of the kind {0} are not used here.", key_algorithm(spki)));
}

}  // namespace kilt::tool
