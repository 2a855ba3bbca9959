// A recorded IDPrime, its answers changed at random places.
#include "tests/support/fuzz_dialogue.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kilt::test::fuzz_dialogue(
      {data, size},
      kilt::from_hex("3B FF 96 00 00 81 31 FE 43 80 31 80 65 B0 85 59 56 FB 12 0F FE 82 90 00 00"));
  return 0;
}
