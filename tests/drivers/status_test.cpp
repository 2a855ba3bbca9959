#include "drivers/status.h"

#include <gtest/gtest.h>

namespace kilt {
namespace {

void status(unsigned sw) { throw_status("COMMAND", StatusWord(static_cast<std::uint16_t>(sw))); }

TEST(Status, WordsBecomeTypedErrors) {
  EXPECT_THROW(status(0x6982), NotLoggedIn);
  EXPECT_THROW(status(0x6983), PinBlocked);
  EXPECT_THROW(status(0x6A82), ObjectNotFound);
  EXPECT_THROW(status(0x6A88), ObjectNotFound);
  EXPECT_THROW(status(0x6A84), TokenFull);
  EXPECT_THROW(status(0x6D00), NotSupported);
  EXPECT_THROW(status(0x6E00), NotSupported);
  EXPECT_THROW(status(0x6F00), CardFault);
  EXPECT_THROW(status(0x0000), CardFault);
}

TEST(Status, TriesOf63Cx) {
  for (unsigned tries = 0; tries < 16; ++tries) {
    try {
      status(0x63C0 + tries);
    } catch (const WrongPin& wrong) {
      EXPECT_EQ(tries, wrong.tries_left());
      continue;
    }
    FAIL();
  }
}

TEST(Status, ExpectOkGivesTheAnswerBack) {
  const apdu::Response good{{1, 2}, sw::kOk};
  EXPECT_EQ(&good, &expect_ok("X", good));
  const apdu::Response warning{{}, StatusWord(0x6283)};
  EXPECT_THROW(expect_ok("X", warning), CardFault);
}

}  // namespace
}  // namespace kilt
