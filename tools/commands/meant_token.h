// Which token the commands that messages advise are about.
#pragma once

#include <vector>

#include "tools/commands/context.h"

namespace kilt::tool {

/// From now on they name this one of `all` (terminal/advice.h), if the user named one or there are
/// several: as the user did, else by its label, or by its serial number where the label is not
/// unique.
void mean_token(const GlobalOptions& options, const SlotView& slot,
                const std::vector<SlotView>& all);

std::vector<SlotView> slots_of(const std::vector<ChosenToken>& tokens);

}  // namespace kilt::tool
