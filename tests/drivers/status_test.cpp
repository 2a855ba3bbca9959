#include "drivers/status.h"

#include <gtest/gtest.h>

namespace kilt {
namespace {

void status(unsigned sw) { throw_status("COMMAND", StatusWord(static_cast<std::uint16_t>(sw))); }

void pin_status(unsigned sw) {
  throw_pin_status("VERIFY", StatusWord(static_cast<std::uint16_t>(sw)));
}

TEST(Status, WordsBecomeTypedErrors) {
  EXPECT_THROW(status(0x6982), NotLoggedIn);
  EXPECT_THROW(status(0x6A82), ObjectNotFound);
  EXPECT_THROW(status(0x6A88), ObjectNotFound);
  EXPECT_THROW(status(0x6A84), TokenFull);
  EXPECT_THROW(status(0x6D00), NotSupported);
  EXPECT_THROW(status(0x6E00), NotSupported);
  EXPECT_THROW(status(0x6F00), CardFault);
  EXPECT_THROW(status(0x0000), CardFault);
}

// Design decision 24: a PIN result comes from a PIN command only.
TEST(Status, OtherCommandsTellNothingOfPins) {
  for (const unsigned sw : {0x6983U, 0x63C0U, 0x63C3U}) {
    EXPECT_THROW(status(sw), CardFault);
    EXPECT_THROW(
        expect_ok("SELECT", apdu::Response{{}, StatusWord(static_cast<std::uint16_t>(sw))}),
        CardFault);
  }
}

TEST(Status, PinCommands) {
  EXPECT_THROW(pin_status(0x6983), PinBlocked);
  EXPECT_THROW(pin_status(0x6982), NotLoggedIn);
  EXPECT_THROW(pin_status(0x6A88), ObjectNotFound);
  EXPECT_THROW(pin_status(0x6300), CardFault);
}

TEST(Status, TriesOf63Cx) {
  for (unsigned tries = 0; tries < 16; ++tries) {
    try {
      pin_status(0x63C0 + tries);
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
  try {
    expect_ok("READ BINARY", warning);
    FAIL();
  } catch (const CardFault& fault) {
    EXPECT_STREQ("READ BINARY: the token answered 6283", fault.what());
    EXPECT_EQ(StatusWord(0x6283), fault.sw());
  }
}

}  // namespace
}  // namespace kilt
