// Bytes as BER-TLV and SIMPLE-TLV, as FCI, and as each structure of PKCS#15.
#include <cstdlib>

#include "apdu/tlv.h"
#include "drivers/crypto/x509.h"
#include "drivers/kaztoken/files.h"
#include "drivers/pkcs15/encode.h"
#include "drivers/pkcs15/last_update.h"
#include "drivers/pkcs15/objects.h"
#include "drivers/pkcs15/public_key.h"

using namespace kilt;  // NOLINT(google-build-using-namespace)

namespace {

/// Nothing but MalformedAnswer may come out.
template <typename Work>
void tolerate(Work work) {
  try {
    work();
  } catch (const MalformedAnswer&) {  // NOLINT(bugprone-empty-catch): what bad bytes deserve
  }
}

void walk(BytesView data, tlv::Reader::Form form, unsigned depth) {
  tlv::Reader reader(data, form);
  std::size_t total = 0;
  while (const auto node = reader.next()) {
    total += node->encoded.size();
    if (node->value.size() > node->encoded.size()) std::abort();
    if (form == tlv::Reader::Form::kBer && node->constructed() && depth < tlv::kMaxDepth)
      tolerate([&] { walk(node->value, form, depth + 1); });
  }
  if (total != data.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(data, size);
  tolerate([&] { walk(bytes, tlv::Reader::Form::kBer, 0); });
  tolerate([&] { walk(bytes, tlv::Reader::Form::kSimple, 0); });
  tolerate([&] { (void)tlv::find_path(bytes, {0x6F, 0xA5, 0x30, 0x30}); });
  tolerate([&] { (void)kaztoken::parse_fci(bytes); });
  tolerate([&] { (void)pkcs15::decode_odf(bytes); });
  tolerate([&] { (void)pkcs15::decode_token_info(bytes); });
  tolerate([&] { (void)pkcs15::with_later_update(bytes); });
  tolerate([&] {
    const auto node = tlv::Reader(bytes).next();
    if (!node) return;
    (void)pkcs15::decode_key(*node);
    (void)pkcs15::decode_certificate(*node);
    (void)pkcs15::decode_data(*node);
    (void)pkcs15::decode_pin(*node);
    ObjectChange change;
    change.label = "x";
    change.id = Bytes{1};
    (void)pkcs15::with_names(bytes, change);
  });
  for (const KeyType type : {KeyType::kRsa, KeyType::kEc, KeyType::kGost256})
    tolerate([&] {
      pkcs15::KeyEntry entry;
      entry.type = type;
      (void)pkcs15::decode_public_key(entry, bytes);
    });
  (void)x509::is_certificate(bytes);
  (void)x509::common_name(bytes);
  return 0;
}
