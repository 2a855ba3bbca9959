#include "pkcs11/unique_id.h"

#include "drivers/crypto/hash.h"

namespace kilt::p11 {
namespace {

constexpr std::size_t kSize = 16;  // bytes of the digest that are shown

/// With its length first: no two lists of parts have the same bytes.
void add(Bytes& all, BytesView part) {
  append(all, AttributeValue::of_ulong(part.size()).value);
  append(all, part);
}

}  // namespace

AttributeValue unique_id(Loader& loader, CK_OBJECT_CLASS object_class, BytesView place,
                         BytesView contents) {
  Bytes all;
  add(all, loader.token_identity());
  add(all, AttributeValue::of_ulong(object_class).value);
  add(all, place);
  add(all, contents);
  Bytes value = crypto::digest(Hash::kSha256, all);
  value.resize(kSize);
  return AttributeValue::of_text(to_hex(value));
}

}  // namespace kilt::p11
