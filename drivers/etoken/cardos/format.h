// Erasing and personalising an eToken PRO in OpenSC's layout (sheet, sections 2 and 3; what
// OpenSC's profile for CardOS sends).
#pragma once

#include "drivers/etoken/cardos/files.h"
#include "drivers/pkcs15/writer.h"
#include "drivers/token.h"

namespace kilt::etoken::cardos {

inline constexpr std::size_t kMinSoPin = 6, kMinUserPin = 4;  // bytes; at most 8
/// AODF's names of the two PINs, as OpenSC gives them.
inline constexpr Byte kSoAuthId = 0xFF, kUserAuthId = 0x01;

/// Where OpenSC's profile keeps what.
[[nodiscard]] pkcs15::FileAllocation file_allocation();

/// What stands in TokenInfo of a fresh token.
struct TokenNames {
  std::string manufacturer;
  Bytes serial;
};

/// Erases the token, if there is something to erase, and sets it up. One VERIFY of the SO PIN,
/// unless the request says that there shall be none. Throws WrongPin, PinBlocked, PinLength
/// (nothing is erased then).
void format(apdu::Card& card, Files& files, const TokenNames& names, const FormatRequest& request);

/// Makes the user PIN, or gives it a new value, in the application's DF.
void put_user_pin(apdu::Card& card, Files& files, Byte id, Byte unblock, const SecureBytes& pin);
/// The user PIN's entry in the AODF.
[[nodiscard]] pkcs15::PinEntry user_pin_entry();

/// VERIFY in the application's DF; what a wrong PIN, a blocked one, one of a wrong length throw.
void verify(apdu::Card& card, Files& files, BytesView folder, Byte id, const SecureBytes& pin);
void refuse_pin(const char* what, StatusWord sw);

}  // namespace kilt::etoken::cardos
