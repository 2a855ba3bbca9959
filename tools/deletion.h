// Objects deleted from a token, with the questions that belong before it.
#pragma once

#include "tools/context.h"

namespace kilt::tool {

/// Both halves of a pair; some modules delete them together.
void delete_key(Session& session, const KeyView& key);

/// This key with a valid certificate is the only one on the token.
bool only_valid_pair(const Inventory& inventory, const KeyView& key);

/// Throws Failure(kRefused) for the only valid pair without `force`.
void check_not_last(const Inventory& inventory, const KeyView* key, bool force);

}  // namespace kilt::tool
