#include "apdu/pcsc_error.h"

#include <fmt/format.h>

namespace kilt::apdu {
namespace {

// PC/SC-Lite declares its codes as LONG with values above 0x7FFFFFFF; compare as 32 bits.
constexpr std::uint32_t bits(LONG code) { return static_cast<std::uint32_t>(code); }

std::string text(const char* what, LONG code) {
  return fmt::format("{} failed with 0x{:08X}", what, bits(code));
}

}  // namespace

void throw_pcsc(const char* what, LONG code) {
  switch (bits(code)) {
    case bits(SCARD_W_RESET_CARD):
      throw CardReset();
    case bits(SCARD_W_REMOVED_CARD):
    case bits(SCARD_E_NO_SMARTCARD):
      throw CardRemoved();
    case bits(SCARD_W_UNPOWERED_CARD):
    case bits(SCARD_W_UNRESPONSIVE_CARD):
    case bits(SCARD_E_PROTO_MISMATCH):
    case bits(SCARD_W_UNSUPPORTED_CARD):
      throw CardMute();
    case bits(SCARD_E_SHARING_VIOLATION):
      throw ReaderBusy("another program holds the reader exclusively");
    case bits(SCARD_E_READER_UNAVAILABLE):
    case bits(SCARD_E_UNKNOWN_READER):
    case bits(SCARD_E_NO_READERS_AVAILABLE):
      throw ReaderUnavailable(text(what, code) + ": the reader is gone");
    case bits(SCARD_E_NO_SERVICE):
    case bits(SCARD_E_SERVICE_STOPPED):
      throw ServiceUnavailable(text(what, code) + ": pcscd does not run");
    case bits(SCARD_W_SECURITY_VIOLATION):
      throw ServiceUnavailable(text(what, code) + ": pcscd refuses access (polkit)");
    case bits(SCARD_E_INVALID_HANDLE):
      throw CardRemoved("the connection to the token is gone");
    case bits(SCARD_E_NO_MEMORY):
      throw std::bad_alloc();
    default:
      throw TransportError(text(what, code));
  }
}

bool context_lost(LONG code) noexcept {
  switch (bits(code)) {
    case bits(SCARD_E_INVALID_HANDLE):
    case bits(SCARD_E_NO_SERVICE):
    case bits(SCARD_E_SERVICE_STOPPED):
    case bits(SCARD_F_COMM_ERROR):
    case bits(SCARD_F_INTERNAL_ERROR):
      return true;
    default:
      return false;
  }
}

}  // namespace kilt::apdu
