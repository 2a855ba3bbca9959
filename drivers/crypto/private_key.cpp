#include "drivers/crypto/private_key.h"

#include "apdu/tlv.h"
#include "drivers/crypto/asn1.h"
#include "drivers/crypto/errors.h"
#include "drivers/crypto/gost_key.h"
#include "drivers/crypto/rsa_key.h"

namespace kilt::crypto {
namespace {

const char* const kRsaEncryption = "06092A864886F70D010101";

}  // namespace

std::unique_ptr<HostKey> read_private_key(BytesView private_key_info) {
  const auto outer = tlv::Reader(private_key_info).next();
  if (!outer || outer->tag != asn1::kSequence) throw MalformedAnswer("this is no private key");
  tlv::Reader fields(outer->value);
  const auto version = fields.next();
  const auto algorithm = fields.next();
  const auto key = fields.next();
  if (!version || version->tag != asn1::kInteger || !algorithm ||
      algorithm->tag != asn1::kSequence || !key || key->tag != asn1::kOctetString)
    throw MalformedAnswer("the private key is damaged");
  tlv::Reader identifier(algorithm->value);
  const auto oid = identifier.next();
  if (!oid || oid->tag != asn1::kOid) throw MalformedAnswer("the private key is damaged");
  if (to_hex(oid->encoded) == kRsaEncryption) return read_rsa_key(private_key_info);
  if (is_gost_algorithm(oid->encoded))
    return read_gost_key(oid->encoded, identifier.rest(), key->value);
  throw NotSupported("keys of this kind are neither RSA nor GOST: they are not used");
}

}  // namespace kilt::crypto
