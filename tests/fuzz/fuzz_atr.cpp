// Bytes as an answer to reset: decoded, and looked up among the profiles.
#include <cstdlib>

#include "apdu/atr.h"
#include "drivers/profile/profile.h"

using namespace kilt;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ProfileSet profiles = ProfileSet::builtin();
  const BytesView bytes(data, size);
  if (const auto atr = apdu::Atr::parse(bytes)) {
    if (size < 2 || size > 33 || atr->historical.size() > 15) std::abort();
    if (!atr->historical.empty() && (atr->historical.data() < data ||
                                     atr->historical.data() + atr->historical.size() > data + size))
      std::abort();
  }
  (void)profiles.match(bytes);
  return 0;
}
