// A foreign PKCS#11 module whose every answer comes from the bytes; the first one chooses what is
// done with its token.
#include "drivers/delegate/token.h"
#include "tests/support/fuzz_driver.h"
#include "tests/support/lying_module.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kilt::test::FuzzInput input({data, size});
  const kilt::Byte what = input.byte();
  kilt::test::lies() = &input;
  const auto module = kilt::delegate::Module::adopt(kilt::test::lying_functions());
  try {
    (void)module->slots();
  } catch (const kilt::Error&) {  // NOLINT(bugprone-empty-catch): the only kind that may come out
  }
  kilt::delegate::DelegateToken token(module, 0);
  try {
    kilt::test::use_token(token, what);
  } catch (const kilt::Error&) {  // NOLINT(bugprone-empty-catch): as above
  }
  return 0;
}
