#include "drivers/crypto/spki.h"

#include <openssl/decoder.h>

#include "drivers/crypto/asn1.h"
#include "drivers/crypto/errors.h"
#include "drivers/crypto/gost_key.h"
#include "drivers/crypto/hash.h"

namespace kilt::crypto {
namespace {

using DecoderCtx = std::unique_ptr<OSSL_DECODER_CTX, Deleter<OSSL_DECODER_CTX_free>>;

/// AlgorithmIdentifier: what stands for each type of key, parameters included.
Bytes algorithm(const RsaPublicKey&) {
  return from_hex("06092A864886F70D010101 0500");  // rsaEncryption, NULL
}
Bytes algorithm(const EcPublicKey& key) {
  Bytes body = from_hex("06072A8648CE3D0201");  // id-ecPublicKey
  append(body, key.parameters);
  return body;
}
Bytes algorithm(const GostPublicKey& key) { return gost_algorithm(key); }
Bytes algorithm(std::monostate) { return {}; }

/// INTEGER of a number that is never negative: a leading 1 bit gets a 00 before it.
Bytes unsigned_integer(const Bytes& value) {
  Bytes body;
  if (value.empty() || (value.front() & 0x80) != 0) body.push_back(0x00);
  append(body, value);
  return tlv::encode(asn1::kInteger, body);
}

}  // namespace

Bytes encode_public_key(const PublicKey& key) {
  if (const auto* rsa = std::get_if<RsaPublicKey>(&key)) {
    Bytes body = unsigned_integer(rsa->modulus);
    append(body, unsigned_integer(rsa->exponent));
    return tlv::encode(asn1::kSequence, body);
  }
  if (const auto* ec = std::get_if<EcPublicKey>(&key))
    return tlv::encode(asn1::kOctetString, ec->point);
  if (const auto* gost = std::get_if<GostPublicKey>(&key))
    return tlv::encode(asn1::kOctetString, gost->point);
  throw Inconsistent("there is no public key to write");
}

Bytes public_key_bits(const PublicKey& key) {
  if (std::holds_alternative<std::monostate>(key)) return {};
  // An EC point stands there without an OCTET STRING around it, a GOST one with.
  if (const auto* ec = std::get_if<EcPublicKey>(&key)) return ec->point;
  return encode_public_key(key);
}

Bytes key_id(const PublicKey& key) {
  if (std::holds_alternative<std::monostate>(key)) throw Inconsistent("there is no public key");
  return sha1(public_key_bits(key));
}

Bytes public_key_info(const PublicKey& key) {
  if (std::holds_alternative<std::monostate>(key)) throw Inconsistent("there is no public key");
  Bytes bits{0x00};  // no unused bits
  append(bits, public_key_bits(key));
  Bytes info =
      tlv::encode(asn1::kSequence, std::visit([](const auto& one) { return algorithm(one); }, key));
  append(info, tlv::encode(asn1::kBitString, bits));
  return tlv::encode(asn1::kSequence, info);
}

/// The key as the provider's own: decoded, not built by EVP_PKEY_fromdata(), because that asks an
/// engine registered for the key's type first (one that is perhaps on top of this very module).
EvpPkey decode_key(const char* type, const PublicKey& key) {
  const Bytes info = public_key_info(key);
  EVP_PKEY* raw = nullptr;
  const DecoderCtx decoder(need(OSSL_DECODER_CTX_new_for_pkey(
      &raw, "DER", "SubjectPublicKeyInfo", type, EVP_PKEY_PUBLIC_KEY, library(), nullptr)));
  const unsigned char* at = info.data();
  std::size_t left = info.size();
  if (OSSL_DECODER_from_data(decoder.get(), &at, &left) != 1)
    throw InvalidData("the public key makes no sense");
  return EvpPkey(raw);
}

}  // namespace kilt::crypto
