// The objects of a foreign token as the domain's. They are listed anew each time, since a module
// has no change mark.
#pragma once

#include <map>

#include "drivers/delegate/attributes.h"
#include "drivers/objects.h"

namespace kilt::delegate {

/// Class first, so that a handle of another kind of object is never taken for this one.
[[nodiscard]] ObjectRef ref_of(CK_OBJECT_CLASS object_class, CK_OBJECT_HANDLE handle);
/// Throws ObjectNotFound for a reference to another kind of object.
[[nodiscard]] CK_OBJECT_HANDLE handle_of(const ObjectRef& ref, CK_OBJECT_CLASS object_class);

/// A key's halves, 0 for one that is not there.
struct KeyHandles {
  CK_OBJECT_HANDLE private_half = 0, public_half = 0;
};
/// Of whichever half gives it; std::monostate if neither does.
[[nodiscard]] PublicKey public_key(const ForeignObjects& from, const KeyHandles& halves,
                                   KeyType type);

class TokenObjects {
 public:
  /// Reads the list; its generation rises with a change.
  const ObjectList& read(const ForeignObjects& from);
  /// As it was read last.
  [[nodiscard]] const ObjectList& list() const noexcept { return listed_; }
  /// Reads the list again for a key that is not in it. Throws ObjectNotFound.
  [[nodiscard]] KeyHandles key(const ForeignObjects& from, const ObjectRef& ref);
  [[nodiscard]] PublicKey read_public_key(const ForeignObjects& from, const ObjectRef& ref);
  void forget_key(const ObjectRef& ref) { keys_.erase(ref); }
  void forget_keys() noexcept { keys_.clear(); }

 private:
  void add_keys(const ForeignObjects& from);
  void add_certificates(const ForeignObjects& from);
  void add_data(const ForeignObjects& from);

  ObjectList listed_;
  std::map<ObjectRef, KeyHandles> keys_;
  Bytes fingerprint_;  ///< of listed_, to see a change
};

}  // namespace kilt::delegate
