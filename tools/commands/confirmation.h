// What was confirmed is what is done. While a question stands, another window may delete, rename or
// make objects, and another token may be put in.
#pragma once

#include <functional>
#include <string>

#include "tools/commands/context.h"

namespace kilt::tool {

/// Names by their contents all objects that the command is about to change, out of an inventory.
using Describe = std::function<std::string(const Inventory&)>;

/// Asks as Context::confirm does; then the token is compared and read again, and what `describe`
/// says of it must be what it says of `shown`. Returns what was read, for the command to choose
/// from again. Throws Failure(kRefused) if anything is not as it was shown.
Inventory confirm_unchanged(Context& context, Session& session, const ChosenToken& token,
                            const Inventory& shown, const std::string& question,
                            const std::string& expected, const Describe& describe);

/// Everything that distinguishes one object from another.
std::string description_of(const KeyView& key);
std::string description_of(const CertificateView& certificate);

}  // namespace kilt::tool
