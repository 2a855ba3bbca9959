// A recorded ID card, its answers changed at random places.
#include "tests/support/fuzz_dialogue.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kilt::test::fuzz_dialogue(
      {data, size}, kilt::from_hex("3B 3E 95 00 53 4F 4D 41 2D 63 30 30 37 2D 44 53 31 61"));
  return 0;
}
