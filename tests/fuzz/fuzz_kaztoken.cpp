// A recorded Kaztoken, its answers changed at random places.
#include "tests/support/fuzz_dialogue.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kilt::test::fuzz_dialogue({data, size}, kilt::from_hex("3B 88 01 4B 41 5A 54 4F 4B 45 4E 82"));
  return 0;
}
