// Commands of a described card that a reader with keys can complete by itself.
#pragma once

#include <optional>

#include "apdu/pin_pad.h"
#include "drivers/profile/commands.h"

namespace kilt::iso7816 {

struct PadCommand {
  apdu::Command header;  ///< without data
  apdu::PadFormat format;
};

/// The only command of `procedure`, if its data is the PIN block of `rules` and nothing else, or,
/// with `two_blocks`, the old PIN's and the new one's. Nothing where no reader makes such a block.
[[nodiscard]] std::optional<PadCommand> pad_command(const PinRules& rules,
                                                    const Procedure& procedure, bool two_blocks);

}  // namespace kilt::iso7816
