// A recorded eToken with the Java applet, its answers changed at random places.
#include "tests/support/fuzz_dialogue.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kilt::test::fuzz_dialogue({data, size},
                            kilt::from_hex("3B D5 18 00 81 31 FE 7D 80 73 C8 21 10 F4"));
  return 0;
}
