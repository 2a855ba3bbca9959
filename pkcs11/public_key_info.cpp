#include "drivers/pkcs15/asn1.h"
#include "drivers/pkcs15/encode.h"
#include "pkcs11/host_crypto.h"

namespace kilt::p11::host {
namespace {

namespace asn1 = pkcs15::asn1;

/// AlgorithmIdentifier: what stands for each type of key, parameters included.
Bytes algorithm(const RsaPublicKey&) {
  return from_hex("06092A864886F70D010101 0500");  // rsaEncryption, NULL
}
Bytes algorithm(const EcPublicKey& key) {
  Bytes body = from_hex("06072A8648CE3D0201");  // id-ecPublicKey
  append(body, key.parameters);
  return body;
}
Bytes algorithm(const GostPublicKey& key) {
  Bytes body = from_hex("06062A8503020213");  // GOST R 34.10-2001
  Bytes parameters = key.parameters;
  append(parameters, key.hash_parameters);
  append(body, tlv::encode(asn1::kSequence, parameters));
  return body;
}
Bytes algorithm(std::monostate) { return {}; }

}  // namespace

Bytes public_key_info(const PublicKey& key) {
  Bytes bits{0x00};  // no unused bits
  if (const auto* ec = std::get_if<EcPublicKey>(&key))
    append(bits, ec->point);
  else
    append(bits, pkcs15::encode_public_key(key));
  Bytes info =
      tlv::encode(asn1::kSequence, std::visit([](const auto& one) { return algorithm(one); }, key));
  append(info, tlv::encode(asn1::kBitString, bits));
  return tlv::encode(asn1::kSequence, info);
}

}  // namespace kilt::p11::host
