#include "tools/commands/meant_token.h"

#include <algorithm>

#include "tools/terminal/advice.h"

namespace kilt::tool {

void mean_token(const GlobalOptions& options, const SlotView& slot,
                const std::vector<SlotView>& all) {
  const auto tokens =
      std::ranges::count_if(all, [](const SlotView& one) { return one.token.has_value(); });
  if (!slot.token || (options.token.empty() && tokens < 2)) return advise_for("");
  const bool as_typed = tokens == 1 && !options.token.starts_with("pkcs11:");
  const std::string& label = slot.token->label;
  const bool clear = !label.empty() && std::ranges::count_if(all, [&](const SlotView& one) {
                                         return one.token && one.token->label == label;
                                       }) == 1;
  advise_for(shell_word(as_typed ? options.token : clear ? label : slot.token->serial));
}

std::vector<SlotView> slots_of(const std::vector<ChosenToken>& tokens) {
  std::vector<SlotView> slots;
  slots.reserve(tokens.size());
  for (const ChosenToken& token : tokens) slots.push_back(token.slot);
  return slots;
}

}  // namespace kilt::tool
