// A recorded CardOS token, its answers changed at random places.
#include "tests/support/fuzz_dialogue.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kilt::test::fuzz_dialogue({data, size}, kilt::from_hex("3B F2 18 00 02 C1 0A 31 FE 58 C8 09 75"));
  return 0;
}
