// Factory PINs and key storages by kind of token, from Kilt's token profiles.
#pragma once

#include <string>
#include <vector>

#include "drivers/profile/profile.h"
#include "tools/commands/context.h"
#include "tools/commands/pin_policy.h"

namespace kilt::tool {

/// All profiles: built in, of this computer, of the user, as the module reads them.
const ProfileSet& all_profiles();
/// The factory PINs of this token's kind: by the profile the module names, else by model and
/// manufacturer. Empty: not known.
std::vector<FactoryPinValue> factory_pins_of(const SlotView::Token& token,
                                             const TokenStatus& status);
/// Those of every kind: none of them is a good new PIN.
std::vector<FactoryPinValue> all_factory_pins();
/// The CA's OID of this kind of key storage; empty: none known.
std::string storage_oid_of(const SlotView::Token& token, const TokenStatus& status);
/// What --storage means: "auto" the token's, "none" none, else an OID of its own.
std::string chosen_storage(const std::string& option, const SlotView::Token& token,
                           const TokenStatus& status);
/// The folder of a key file, which a request names beside the storage; empty: no file.
std::string storage_folder(const ChosenToken& token, const std::string& storage_oid);

}  // namespace kilt::tool
