// Certificates made on the spot, so that no real one lies in the tree.
#pragma once

#include <string>

#include "apdu/tlv.h"
#include "drivers/crypto/spki.h"

namespace kilt::test {

/// A certificate for `key` with this common name as subject and issuer, of about 700 bytes for
/// RSA-2048. Its signature is zeros: for code that reads certificates, not for code that verifies.
inline Bytes make_certificate(const PublicKey& key, const std::string& name) {
  const auto sequence = [](std::initializer_list<Bytes> parts, std::uint32_t tag = 0x30) {
    Bytes body;
    for (const Bytes& part : parts) append(body, part);
    return tlv::encode(tag, body);
  };
  const Bytes algorithm = from_hex("300D06092A864886F70D01010B0500");  // sha256WithRSAEncryption
  const Bytes common_name = sequence(
      {sequence({sequence({from_hex("0603550403"), tlv::encode(0x0C, to_bytes(name))})}, 0x31)});
  const Bytes validity = sequence(
      {tlv::encode(0x17, to_bytes("260101000000Z")), tlv::encode(0x17, to_bytes("290101000000Z"))});
  const Bytes version = from_hex("A003020102");
  const Bytes serial = from_hex("02020123");
  const Bytes to_be_signed = sequence({version, serial, algorithm, common_name, validity,
                                       common_name, crypto::public_key_info(key)});
  return sequence({to_be_signed, algorithm, tlv::encode(0x03, Bytes(257, 0x00))});
}

}  // namespace kilt::test
