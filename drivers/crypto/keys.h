// Keys as values: types, public halves, private halves brought from outside.
#pragma once

#include <variant>

#include "apdu/bytes.h"

namespace kilt {

enum class KeyType {
  kRsa,
  kEc,       ///< ECDSA / ECDH over a named curve
  kGost256,  ///< GOST R 34.10-2001 and 2012-256
  kGost512,  ///< GOST R 34.10-2012-512 and the Kazakh GOST 34.10-2015
};

struct RsaPublicKey {
  Bytes modulus;   ///< big-endian, no leading zero
  Bytes exponent;  ///< big-endian, no leading zero
};

struct EcPublicKey {
  Bytes parameters;  ///< DER of ECParameters (a named curve's OBJECT IDENTIFIER)
  Bytes point;       ///< uncompressed point 04 || X || Y, no OCTET STRING around it
};

struct GostPublicKey {
  Bytes parameters;       ///< DER OBJECT IDENTIFIER of the curve
  Bytes hash_parameters;  ///< DER OBJECT IDENTIFIER of the hash, empty if unknown
  Bytes point;            ///< X || Y, each little-endian (as PKCS#11 writes it)
};

/// std::monostate: the token does not give the public half.
using PublicKey = std::variant<std::monostate, RsaPublicKey, EcPublicKey, GostPublicKey>;

/// A private key brought from outside. All numbers big-endian.
struct RsaPrivateKey {
  Bytes modulus, public_exponent;
  SecureBytes private_exponent, prime1, prime2, exponent1, exponent2, coefficient;
};
struct ScalarPrivateKey {
  SecureBytes scalar;
  /// Public point in the form of EcPublicKey / GostPublicKey; empty if not given.
  Bytes point;
};
using PrivateKey = std::variant<RsaPrivateKey, ScalarPrivateKey>;

}  // namespace kilt
