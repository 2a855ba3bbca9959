// Both halves of a key pair deleted, as a program does that wants nothing of it to stay.
#pragma once

#include "drivers/crypto/public_key.h"
#include "drivers/token.h"

namespace kilt::test {

/// Throws what the driver throws; ObjectNotFound for a pair that is not there.
inline void delete_pair(Token& token, const ObjectRef& wanted) {
  const ObjectRef ref = wanted;  // it may be part of the list, which goes with the first half
  Key key;
  for (const Key& one : token.list().keys)
    if (one.ref == ref) key = one;
  if (key.ref.empty() || key.has_private) token.delete_key(ref, KeyHalf::kPrivate);
  if (!key.has_public) return;
  const std::vector<Key> left = token.list().keys;
  for (const Key& one : left)
    if (!one.has_private && one.id == key.id && same_key(one.public_key, key.public_key))
      return token.delete_key(one.ref, KeyHalf::kPublic);
}

}  // namespace kilt::test
