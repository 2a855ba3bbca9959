// The message on the desktop about certificates that end soon. A timer comes every day: each
// certificate is told once per stage of the CA's reminders, in its last week every day.
#pragma once

#include <vector>

#include "tools/commands/remind/search.h"

namespace kilt::tool {

/// Tells those that are due to be told; nothing without notify-send.
void notify(const Context& context, const std::vector<Found>& due);

}  // namespace kilt::tool
