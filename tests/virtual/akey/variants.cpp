#include "tests/virtual/akey/variants.h"

namespace kilt::vtoken::akey {

std::span<const Variant> variants() {
  static const std::vector<Variant> all{
      {"standard", {}},
      {"t0", {{"protocol", "t0"}}},
      {"internal", {{"sign", "internal"}}},
      {"chaining", {{"sign-input", "raw"}, {"decipher", "raw"}}},
      {"extended",
       {{"sign-input", "raw"}, {"decipher", "raw"}, {"extended", "yes"}, {"chaining", "no"}}},
      {"hash", {{"sign-input", "hash"}, {"algorithm", "42"}}},
      {"no-ef-dir", {{"ef-dir", "absent"}}},
      {"no-aid", {{"aid", "none"}, {"df", "4F00"}}},
      {"own-aid", {{"aid", "own"}, {"df", "4F00"}, {"ef-dir", "no-path"}}},
      {"bare", {{"aid", "none"}, {"ef-dir", "absent"}, {"token-info", "absent"}}},
      {"ff-padding", {{"padding", "FF"}}},
      {"zero-padding", {{"padding", "00"}}},
      {"relative", {{"paths", "relative"}}},
      {"aid-paths", {{"paths", "aid"}}},
      {"negative", {{"keys", "negative"}}},
      {"no-token-info", {{"token-info", "absent"}}},
      {"one-file", {{"certificates", "one-file"}}},
      {"private", {{"read", "pin"}}},
      {"three-tries", {{"tries", "3"}}},
      {"pin-12345678", {{"pin", "12345678"}}},
      {"local-pin", {{"pin-scope", "local"}}},
      {"ff-pin", {{"pin-pad", "FF"}}},
      {"open-pin", {{"pin-pad", "none"}}},
      {"bcd-pin", {{"pin-type", "bcd"}, {"pin-pad", "FF"}}},
      {"half-nibble-pin", {{"pin-type", "half-nibble"}, {"pin-pad", "FF"}}},
      {"iso9564-pin", {{"pin-type", "iso9564"}, {"pin-pad", "FF"}}},
      {"consent", {{"consent", "sign"}}},
      {"implicit", {{"change", "01"}, {"unblock", "02"}}},
      {"odd-reader", {{"read-max", "128"}, {"short-read", "6282"}}},
      {"unknown", {{"atr", "unknown"}, {"commands", "none"}}},
  };
  return all;
}

}  // namespace kilt::vtoken::akey
