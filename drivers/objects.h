// The domain's objects: what lies on a token, in terms that hold for every family.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apdu/bytes.h"
#include "drivers/crypto/keys.h"

namespace kilt {

/// How a driver finds an object again on its card: opaque outside the driver, stable while the
/// object exists, unique within a token and object kind. It carries what the object is as far as
/// the token gives it (public key, stamp, number), so that a later object in the same place has
/// another one. Renaming does not change it.
using ObjectRef = Bytes;

/// A half of a key pair that the token keeps as an object of its own.
enum class KeyHalf { kPrivate, kPublic };

/// What a key may be used for (ISO/IEC 7816-15, KeyUsageFlags).
struct KeyUsage {
  bool sign = false;
  bool decrypt = false;
  bool unwrap = false;
  bool derive = false;
  bool non_repudiation = false;

  bool operator==(const KeyUsage&) const = default;
};

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
  Bytes subject;  ///< DER of the X.501 Name kept with the private half, empty if none
  /// Numbers of the PKCS#11 mechanisms that alone may use the key, where the token keeps such a
  /// limit; nothing: no limit.
  std::optional<std::vector<unsigned long>> allowed_mechanisms;
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
  /// Changes whenever the token may have been written to since the last list(): equal refs may
  /// then stand for other objects than before. Stays if only the login made more be seen.
  std::uint64_t changes = 0;
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
  Bytes subject;  ///< as Key::subject; only for a token that keeps it (Capabilities)
  /// As Key::allowed_mechanisms; only for a token that keeps the limit (Capabilities).
  std::optional<std::vector<unsigned long>> allowed_mechanisms;
  /// Not empty: the id of the key pair whose place the new one takes. The caller has confirmed that
  /// the old one is lost.
  Bytes replace;
};

/// New values of attributes; an absent one stays as it is.
struct ObjectChange {
  std::optional<Bytes> id;
  std::optional<std::string> label;
  std::optional<Bytes> subject;  ///< of a key, as Key::subject
};

}  // namespace kilt
