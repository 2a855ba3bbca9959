#include "drivers/pkcs15/user_pin.h"

#include <algorithm>

#include <fmt/format.h>

namespace kilt::pkcs15 {

std::string why_not_understood(const PinEntry& pin, std::initializer_list<unsigned> types) {
  if (std::ranges::find(types, pin.type) != types.end()) return {};
  return fmt::format(
      "the token's directory gives this PIN a form (pinType {}) that is not understood, and each "
      "guess would cost a try",
      pin.type);
}

UserPin choose_user_pin(const std::vector<PinEntry>& pins, std::initializer_list<unsigned> types) {
  std::vector<const PinEntry*> users;
  for (const PinEntry& pin : pins)
    if ((pin.flags & (pin_flag::kSoPin | pin_flag::kUnblockingPin)) == 0) users.push_back(&pin);
  if (users.empty()) return {};
  const auto found = std::ranges::find_if(
      users, [&](const PinEntry* pin) { return why_not_understood(*pin, types).empty(); });
  UserPin chosen;
  chosen.entry = found != users.end() ? *found : users.front();
  if (users.size() > 1)
    chosen.label = !chosen.entry->common.label.empty()
                       ? chosen.entry->common.label
                       : fmt::format("PIN {:02X}", chosen.entry->reference);
  return chosen;
}

}  // namespace kilt::pkcs15
