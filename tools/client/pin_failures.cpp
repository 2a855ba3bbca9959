#include "tools/client/pin_failures.h"

#include "tools/terminal/state_file.h"

namespace kilt::tool {
namespace {

constexpr const char* kFile = "pins.json";

const char* name_of(Role role) { return role == Role::kUser ? "user" : "so"; }

}  // namespace

std::optional<PinRecord> remembered(const std::string& serial, Role role) {
  if (serial.empty()) return std::nullopt;
  const auto state = read_state(kFile);
  const auto token = state.find(serial);
  if (token == state.end() || !token->is_object()) return std::nullopt;
  const auto pin = token->find(name_of(role));
  if (pin == token->end() || !pin->is_object()) return std::nullopt;
  PinRecord record;
  if (const auto count = pin->find("failures"); count != pin->end() && count->is_number_unsigned())
    record.failures = count->get<unsigned>();
  if (const auto blocked = pin->find("blocked"); blocked != pin->end() && blocked->is_boolean())
    record.blocked = blocked->get<bool>();
  return record;
}

void remember(const std::string& serial, Role role, const PinRecord& record) noexcept {
  if (serial.empty()) return;
  change_state(kFile, [&](nlohmann::json& state) {
    state[serial][name_of(role)] = {{"failures", record.failures}, {"blocked", record.blocked}};
  });
}

}  // namespace kilt::tool
