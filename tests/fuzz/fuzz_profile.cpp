// Token profiles: any text. What is accepted must be usable: every template can be filled.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "drivers/profile/parser.h"

namespace {

using kilt::Bytes;

void fill(const std::vector<kilt::CommandTemplate>& steps) {
  const Bytes one{0x01}, block(8, 0x31);
  for (const auto& step : steps)
    static_cast<void>(step.fill({{"ref", one},
                                 {"n", one},
                                 {"kk", one},
                                 {"aa", one},
                                 {"pin", block},
                                 {"old", block},
                                 {"new", block},
                                 {"puk", block},
                                 {"input", block}})
                          .encode_extended());
}

void fill(const kilt::PinRules& pin) {
  fill(pin.select);
  fill(pin.verify.steps);
  fill(pin.status.steps);
  fill(pin.change.steps);
  fill(pin.unblock.steps);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The text is made of bytes; reading them as characters is what a file reader does.
  const std::string_view text(reinterpret_cast<const char*>(data), size);  // NOLINT
  try {
    const kilt::Profile profile = kilt::parse_profile(text, "fuzz.toml");
    const kilt::CardCommands& commands = profile.commands;
    fill(commands.select);
    if (commands.user_pin) fill(*commands.user_pin);
    if (commands.so_pin) fill(*commands.so_pin);
    fill(commands.public_key.command.steps);
    fill(commands.sign.environment);
    fill(commands.sign.command.steps);
    fill(commands.decipher.environment);
    fill(commands.decipher.command.steps);
    fill(commands.generate.steps);
    for (const auto& atr : profile.atrs) static_cast<void>(atr.matches(atr.value));
  } catch (const kilt::ProfileError&) {
    return 0;
  }
  return 0;
}
