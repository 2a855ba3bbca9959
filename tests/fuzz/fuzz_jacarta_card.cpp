// A recorded JaCarta, its answers changed at random places.
#include "tests/support/fuzz_dialogue.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kilt::test::fuzz_dialogue(
      {data, size},
      kilt::from_hex("3B DC 18 FF 81 91 FE 1F C3 80 73 C8 21 13 66 01 06 11 59 00 01 28"));
  return 0;
}
