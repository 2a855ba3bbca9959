// From object files to the domain's objects: which halves make a key pair, what names they have.
// Both conventions are read: Athena's (private halves' public files beside them, reserved room) and
// Aladdin's (public halves in the public directory).
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "drivers/jacarta/file_cache.h"
#include "drivers/objects.h"

namespace kilt::jacarta {

/// A key's files; its key objects are where key_object_of() says.
struct KeyFiles {
  std::optional<FilePath> private_file, public_file;

  [[nodiscard]] FilePath private_key() const;
  [[nodiscard]] FilePath public_key() const;
};

struct TokenObjects {
  ObjectList list;
  std::map<ObjectRef, KeyFiles> keys;
  std::map<ObjectRef, FilePath> certificates, data;
};

/// Asks the token for the public half of a key object; std::monostate if it does not give it.
using PublicKeySource = std::function<PublicKey(const FilePath&)>;

/// `ask` is used where files do not say which halves belong together, or lack the public half.
[[nodiscard]] TokenObjects list_objects(const FileCache& file_cache, const PublicKeySource& ask);

/// Directory, number, stamp and a mark of the contents: another object in the same place later is
/// another object.
[[nodiscard]] ObjectRef make_ref(const FilePath& path, const AttributeFile& object);

/// RSA public half out of an object file's attributes; std::monostate if it is not there.
[[nodiscard]] PublicKey public_key_of(const AttributeFile& object);

/// Modulus length of an RSA key in bits.
[[nodiscard]] unsigned modulus_bits(BytesView modulus);

}  // namespace kilt::jacarta
