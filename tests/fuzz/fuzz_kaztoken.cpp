// ATR and answers from bytes, through the Kaztoken driver: listing, login, signature, writing.
#include "tests/support/fuzz_driver.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kilt::test::fuzz_driver({data, size}, kilt::from_hex("3B 88 01 4B 41 5A 54 4F 4B 45 4E 82"));
  return 0;
}
