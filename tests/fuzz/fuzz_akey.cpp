// A recorded PKCS#15 token of nobody in particular, its answers changed at random places.
#include "tests/support/fuzz_dialogue.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kilt::test::fuzz_dialogue({data, size}, kilt::from_hex("3B 80 80 01 01"));
  return 0;
}
