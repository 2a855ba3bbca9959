// Objects deleted from a token, with the questions that belong before it.
#pragma once

#include <optional>

#include "tools/commands/context.h"
#include "tools/x509/nca.h"

namespace kilt::tool {

/// Both halves of a pair; some modules delete them together.
void delete_key(Session& session, const KeyView& key);

/// A purpose for which this key is the only one on the token with a valid certificate: a key for
/// signatures does not make up for the one for login. nullopt: for all of its purposes there are
/// others.
std::optional<Purpose> only_valid_for(const Inventory& inventory, const KeyView& key);

/// Throws Failure(kRefused) for the only valid pair of a purpose without `force`.
void check_not_last(const Inventory& inventory, const KeyView* key, bool force);

}  // namespace kilt::tool
