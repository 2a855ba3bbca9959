#include "tools/x509/signed_object.h"

#include <array>

#include <openssl/err.h>

#include "apdu/tlv.h"
#include "drivers/crypto/gost_key.h"
#include "tools/x509/gost_algorithm.h"
#include "tools/x509/openssl.h"

namespace kilt::tool {
namespace {

constexpr std::uint32_t kInteger = 0x02, kBitString = 0x03, kOid = 0x06, kSequence = 0x30,
                        kTag0 = 0xA0;

constexpr std::array<Byte, 2> kNull{0x05, 0x00};

/// Views into the object; all empty: it is none.
struct Parts {
  BytesView signed_part, oid, signature;
};

/// The algorithm stands twice, once where it is signed (RFC 5280, 4.1.1.2): both must say the same.
/// The signed part of an OCSP answer has none.
bool says_the_same(BytesView signed_part, BytesView algorithm) {
  const auto whole = tlv::Reader(signed_part).next();
  if (!whole) return false;
  tlv::Reader fields(whole->value);
  auto field = fields.next();
  while (field && (field->tag == kTag0 || field->tag == kInteger)) field = fields.next();
  return field && (field->tag != kSequence || equal(field->encoded, algorithm));
}

Parts parts_of(BytesView der) {
  try {
    const auto outer = tlv::Reader(der).next();
    if (!outer || outer->tag != kSequence) return {};
    tlv::Reader fields(outer->value);
    const auto first = fields.next();
    const auto algorithm = fields.next();
    const auto last = fields.next();
    if (!first || !algorithm || algorithm->tag != kSequence || !last || last->tag != kBitString ||
        last->value.empty() || last->value.front() != 0 ||
        !says_the_same(first->encoded, algorithm->encoded))
      return {};
    tlv::Reader inside(algorithm->value);
    const auto oid = inside.next();
    const BytesView parameters = inside.rest();  // none of the algorithms here has any
    if (!oid || oid->tag != kOid || !(parameters.empty() || equal(parameters, kNull))) return {};
    return {first->encoded, oid->encoded, last->value.subspan(1)};
  } catch (const MalformedAnswer&) {
    return {};
  }
}

std::string name_of(BytesView oid) {
  const unsigned char* in = oid.data();
  const ObjectPtr object(d2i_ASN1_OBJECT(nullptr, &in, static_cast<long>(oid.size())));
  ERR_clear_error();
  return object ? dotted(object.get()) : std::string();
}

/// The hash of a signature algorithm that OpenSSL knows; nullptr: not known, or no longer trusted.
const EVP_MD* hash_of(const std::string& algorithm) {
  int hash = NID_undef;
  const int nid = OBJ_txt2nid(algorithm.c_str());
  if (nid == NID_undef || OBJ_find_sigid_algs(nid, &hash, nullptr) != 1) return nullptr;
  return hash == NID_md5 || hash == NID_sha1 ? nullptr : EVP_get_digestbynid(hash);
}

}  // namespace

std::string signed_with(BytesView der) {
  const Parts parts = parts_of(der);
  return parts.oid.empty() ? std::string() : name_of(parts.oid);
}

bool is_signed_by(BytesView der, BytesView issuer_spki) {
  const Parts parts = parts_of(der);
  if (parts.oid.empty()) return false;
  const std::string algorithm = name_of(parts.oid);
  if (!std::holds_alternative<std::monostate>(crypto::read_gost_public_key(issuer_spki))) {
    const GostAlgorithm gost = gost_algorithm(issuer_spki);
    return algorithm == gost.signature_oid &&
           verify_gost(issuer_spki, crypto::digest(gost.hash, parts.signed_part), parts.signature);
  }
  const unsigned char* in = issuer_spki.data();
  const PkeyPtr key(d2i_PUBKEY(nullptr, &in, static_cast<long>(issuer_spki.size())));
  const EVP_MD* hash = hash_of(algorithm);
  const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  const bool good = key && hash != nullptr && context &&
                    EVP_DigestVerifyInit(context.get(), nullptr, hash, nullptr, key.get()) == 1 &&
                    EVP_DigestVerify(context.get(), parts.signature.data(), parts.signature.size(),
                                     parts.signed_part.data(), parts.signed_part.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace kilt::tool
