// kilt register --system: for all users of this computer, by its administrator; and its undoing.
#pragma once

#include <vector>

#include "tools/commands/register_bridge.h"

namespace kilt::tool {

/// The system's folders as those of a user whose configuration is /etc: p11-kit and OpenSSL have
/// their files in the same places below it.
Surroundings of_system(const Surroundings& around);

/// Firefox's policy for all users, /etc/firefox/policies/policies.json.
std::filesystem::path firefox_policy(const Surroundings& around);
/// The module it names for Kilt, if any. Throws Failure(kBadInput) if it is no JSON.
std::string firefox_policy_module(const Surroundings& around);
/// Adds the module (policy "SecurityDevices"); what else is there stays. Throws Failure.
void register_firefox_policy(const Surroundings& around, const std::string& module);
/// Takes out what register_firefox_policy() put in. Throws Failure.
void unregister_firefox_policy(const Surroundings& around);

}  // namespace kilt::tool
