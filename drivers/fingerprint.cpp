#include "drivers/fingerprint.h"

#include "drivers/crypto/public_key.h"

namespace kilt {
namespace {

/// With its length first: no two lists of parts have the same bytes.
void put(Bytes& fingerprint, BytesView value) {
  append(fingerprint, write_be(value.size(), 4));
  append(fingerprint, value);
}
void put(Bytes& fingerprint, const std::string& value) {
  put(fingerprint, to_bytes(std::string_view(value)));
}

}  // namespace

Bytes fingerprint_of(const ObjectList& objects) {
  Bytes print;
  for (const Key& key : objects.keys) {
    put(print, key.ref);
    put(print, key.id);
    put(print, key.label);
    put(print, key.subject);
    put(print, key_mark(key.public_key));
    print.push_back(static_cast<Byte>((key.has_private ? 1 : 0) | (key.has_public ? 2 : 0) |
                                      (key.usage.sign ? 4 : 0) | (key.usage.decrypt ? 8 : 0)));
  }
  for (const Certificate& certificate : objects.certificates) {
    put(print, certificate.ref);
    put(print, certificate.id);
    put(print, certificate.label);
    put(print, certificate.der.value_or(Bytes{}));
  }
  for (const DataObject& data : objects.data) {
    put(print, data.ref);
    put(print, data.label);
    put(print, data.application);
  }
  for (const OddObject& odd : objects.odd) put(print, odd.description);
  return print;
}

}  // namespace kilt
