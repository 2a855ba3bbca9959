// Aladdin's layout on CardOS: certificates in 6666/1002, keys in 6666/1001, a login by challenge
// and response.
#pragma once

#include "drivers/etoken/cardos/application.h"

namespace kilt::etoken::cardos {

/// DF 6666. nullptr if there is none.
[[nodiscard]] std::unique_ptr<Application> open_aladdin(apdu::Card& card, Files& files);

/// Key of the login: 7 bits of each byte out of MD5(00 PIN) MD5(01 PIN).
[[nodiscard]] SecureBytes derive_aladdin_key(const SecureBytes& pin);

}  // namespace kilt::etoken::cardos
