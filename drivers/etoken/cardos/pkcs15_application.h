// OpenSC's layout on CardOS.
#pragma once

#include "drivers/etoken/cardos/application.h"

namespace kilt::etoken::cardos {

/// PKCS#15 in DF 5015. nullptr if there is no ODF. `serial` names the token in the cache of public
/// files.
[[nodiscard]] std::unique_ptr<Application> open_pkcs15(apdu::Card& card, Files& files,
                                                       Bytes serial);

}  // namespace kilt::etoken::cardos
