#include "tools/commands/profiles.h"

#include <cstdlib>

namespace kilt::tool {

// The same folders, in the same order.
const ProfileSet& all_profiles() {
  static const ProfileSet kSet = [] {
    ProfileSet set = ProfileSet::builtin();
    std::vector<std::filesystem::path> folders{"/usr/share/kilt/tokens", "/etc/kilt/tokens"};
    const auto absolute = [](const char* name) {
      const char* value = secure_getenv(name);
      const std::filesystem::path path = value == nullptr ? "" : value;
      return path.is_absolute() ? path : std::filesystem::path();
    };
    if (const auto xdg = absolute("XDG_CONFIG_HOME"); !xdg.empty())
      folders.push_back(xdg / "kilt" / "tokens");
    else if (const auto home = absolute("HOME"); !home.empty())
      folders.push_back(home / ".config" / "kilt" / "tokens");
    for (const auto& folder : folders) set.add_folder(folder, {});
    return set;
  }();
  return kSet;
}

namespace {

const Profile* profile_of(const SlotView::Token& token, const TokenStatus& status) {
  if (!status.profile.empty())
    if (const Profile* profile = all_profiles().find(status.profile)) return profile;
  for (const Profile& profile : all_profiles().all())
    if (!profile.model.empty() && profile.model == token.model &&
        (profile.manufacturer.empty() || profile.manufacturer == token.manufacturer))
      return &profile;
  return nullptr;
}

void collect(const Profile& profile, std::vector<FactoryPinValue>& pins) {
  for (const FactoryPin& pin : profile.factory_pins)
    pins.push_back({pin.name, pin.role == PinRole::kUser ? Role::kUser : Role::kSo, pin.value});
}

}  // namespace

std::vector<FactoryPinValue> factory_pins_of(const SlotView::Token& token,
                                             const TokenStatus& status) {
  std::vector<FactoryPinValue> pins;
  if (const Profile* profile = profile_of(token, status)) collect(*profile, pins);
  return pins;
}

std::vector<FactoryPinValue> all_factory_pins() {
  std::vector<FactoryPinValue> pins;
  for (const Profile& profile : all_profiles().all()) collect(profile, pins);
  return pins;
}

std::string storage_oid_of(const SlotView::Token& token, const TokenStatus& status) {
  if (!status.storage_oid.empty()) return status.storage_oid;
  const Profile* profile = profile_of(token, status);
  return profile == nullptr ? "" : profile->storage_oid;
}

std::string chosen_storage(const std::string& option, const SlotView::Token& token,
                           const TokenStatus& status) {
  if (option == "none") return {};
  return option == "auto" ? storage_oid_of(token, status) : option;
}

}  // namespace kilt::tool
