#include "tools/commands/register_system.h"

#include "tools/commands/context.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDevices = "SecurityDevices";
constexpr const char* kName = "Kilt";

/// An object; empty if there is no file.
Json read_policy(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) return Json::object();
  const Bytes bytes = read_file(file);
  Json policy = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (!policy.is_object() || !policy.value("policies", Json::object()).is_object())
    throw Failure(Kind::kBadInput,
                  tr("{0} is not as Firefox reads it; it was not changed.", file.string()));
  return policy;
}

/// Where the devices' names stand: newer policies have them in "Add" (policy-templates of Firefox,
/// SecurityDevices).
Json* devices_of(Json& policy) {
  Json& devices = policy["policies"][kDevices];
  if (!devices.is_object()) devices = Json::object();
  return devices.contains("Add") || devices.contains("Delete") ? &devices["Add"] : &devices;
}

void write_policy(const fs::path& file, const Json& policy) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  write_file(file, view(policy.dump(2) + '\n'), Access::kAll);
}

}  // namespace

Surroundings of_system(const Surroundings& around) {
  Surroundings system = around;
  system.home.clear();
  system.config = around.at("/etc");
  return system;
}

fs::path firefox_policy(const Surroundings& around) {
  return around.at("/etc/firefox/policies/policies.json");
}

std::string firefox_policy_module(const Surroundings& around) {
  Json policy = read_policy(firefox_policy(around));
  const Json& devices = *devices_of(policy);
  const auto found = devices.find(kName);
  return found != devices.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void register_firefox_policy(const Surroundings& around, const std::string& module) {
  const fs::path file = firefox_policy(around);
  Json policy = read_policy(file);
  (*devices_of(policy))[kName] = module;
  write_policy(file, policy);
}

void unregister_firefox_policy(const Surroundings& around) {
  const fs::path file = firefox_policy(around);
  Json policy = read_policy(file);
  devices_of(policy)->erase(kName);
  Json& policies = policy["policies"];
  if (policies[kDevices].empty()) policies.erase(kDevices);
  if (policies.empty()) policy.erase("policies");
  std::error_code error;
  if (policy.empty())
    fs::remove(file, error);
  else
    write_policy(file, policy);
}

}  // namespace kilt::tool
