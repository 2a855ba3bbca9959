// kilt doctor: one check per thing that keeps a token from being seen. Each says what it found and
// the command that repairs it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/commands/context.h"
#include "tools/commands/registration.h"

namespace kilt::tool {

enum class Health { kGood, kNote, kProblem };

struct Check {
  std::string id;  ///< stable, for scripts: "pcscd", "ccid-id", …
  Health health = Health::kGood;
  std::string finding;
  std::string repair;         ///< a command, or what to do; empty if nothing is wrong
  std::function<void()> fix;  ///< harmless and reversible, for --fix; may be empty

  /// It keeps tokens from being seen or used at all; other problems concern one program or setting.
  [[nodiscard]] bool keeps_tokens_away() const;
};

using Checks = std::vector<Check>;

/// pcscd: installed, running, reachable; readers; cards, by ATR; who holds them.
void check_pcsc(const Surroundings& around, Checks& checks);
/// USB devices with a smart-card interface: the driver's list of ids, and whether pcscd has them.
void check_usb(const Surroundings& around, Checks& checks);
/// The module: loads, its version, its slots.
void check_module(Context& context, Checks& checks);
/// kilt.toml and the user's token profiles.
void check_configuration(const Surroundings& around, Checks& checks);
/// p11-kit, NSS, OpenSSL; other modules for the same cards.
void check_registrations(const Surroundings& around, const std::string& module, Checks& checks);
/// What makes programs not see a registration that is there: $OPENSSL_CONF, a Firefox that runs.
void check_programs(const Surroundings& around, const std::string& module, Checks& checks);

/// kilt-bridge: on, its certificate, the browsers that trust it, its port, the sites it knows.
void check_bridge(const Surroundings& around, Checks& checks);

/// The USB ids of a CCID driver's Info.plist, "0a89:0035".
std::vector<std::string> ccid_ids(const std::string& plist);

}  // namespace kilt::tool
