// The domain's objects: what lies on a token, in terms that hold for every family.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "apdu/bytes.h"

namespace kilt {

/// How a driver finds an object again on its card: opaque outside the driver, stable while the
/// object exists, unique within a token and object kind.
using ObjectRef = Bytes;

enum class KeyType {
  kRsa,
  kEc,       ///< ECDSA / ECDH over a named curve
  kGost256,  ///< GOST R 34.10-2001 and 2012-256
  kGost512,  ///< GOST R 34.10-2012-512 and the Kazakh GOST 34.10-2015
};

/// What a key may be used for (ISO/IEC 7816-15, KeyUsageFlags).
struct KeyUsage {
  bool sign = false;
  bool decrypt = false;
  bool unwrap = false;
  bool derive = false;
  bool non_repudiation = false;

  bool operator==(const KeyUsage&) const = default;
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

/// A key pair, or one half of it.
struct Key {
  ObjectRef ref;
  KeyType type = KeyType::kRsa;
  unsigned bits = 0;  ///< modulus length, or order length of the curve
  Bytes id;           ///< PKCS#11's ID, PKCS#15's iD
  std::string label;
  KeyUsage usage;
  /// If it was cheap to know; else Token::read_public_key brings it.
  PublicKey public_key;
  bool has_private = true;  ///< the private half is on the token
  bool has_public = true;   ///< the token holds the public half as an object of its own
  /// The token wants a PIN for every single use (PKCS#15: userConsent).
  bool always_authenticate = false;
  bool local = false;  ///< generated on the token
  bool never_extractable = false;
  bool always_sensitive = false;
  bool modifiable = true;
  /// Why the key cannot be used, if so (e.g. GOST-512 on an old firmware); empty: usable.
  std::string unusable_reason;
};

struct Certificate {
  ObjectRef ref;
  Bytes id;
  std::string label;
  /// DER, if it was cheap to know; else Token::read_certificate brings it.
  std::optional<Bytes> der;
  bool is_private = false;
  bool authority = false;  ///< a CA certificate
  bool modifiable = true;
};

struct DataObject {
  ObjectRef ref;
  std::string label;
  std::string application;
  Bytes oid;  ///< DER of the OBJECT IDENTIFIER, empty if none
  bool is_private = false;
  bool modifiable = true;
};

/// Something the driver saw but cannot show as one of the above (damaged, unknown kind).
struct OddObject {
  std::string description;
};

/// All objects that can be seen in the present login state.
struct ObjectList {
  std::vector<Key> keys;
  std::vector<Certificate> certificates;
  std::vector<DataObject> data;
  std::vector<OddObject> odd;
  /// Changes whenever the contents above may have changed since the last list().
  std::uint64_t generation = 0;
};

/// A key pair to be made.
struct KeySpec {
  KeyType type = KeyType::kRsa;
  unsigned bits = 2048;   ///< RSA: modulus length
  Bytes parameters;       ///< EC, GOST: DER OBJECT IDENTIFIER of the curve
  Bytes hash_parameters;  ///< GOST: DER OBJECT IDENTIFIER of the hash, may be empty
  Bytes public_exponent;  ///< RSA: big-endian, empty = 65537
  Bytes id;               ///< empty: the driver sets SHA-1 of the public key (decision 18)
  std::string label;
  KeyUsage usage;
  bool always_authenticate = false;
  /// Not empty: the id of the key pair whose place the new one takes. The caller has confirmed that
  /// the old one is lost.
  Bytes replace;
};

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

/// New values of attributes; an absent one stays as it is.
struct ObjectChange {
  std::optional<Bytes> id;
  std::optional<std::string> label;
};

}  // namespace kilt
