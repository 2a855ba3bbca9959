// kilt register bridge: web sites may use keys through kilt-bridge; and its undoing.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/commands/registration.h"

namespace kilt::tool {

/// One thing to do, and how.
struct RegisterStep {
  std::string target, where, text;
  std::function<void()> act;
};

/// Certificates of this installation, the browsers that shall trust them, the service.
void add_bridge_steps(const Surroundings& around, std::vector<RegisterStep>& steps);
void remove_bridge_steps(const Surroundings& around, std::vector<RegisterStep>& steps);

}  // namespace kilt::tool
