#include "tools/commands/profiles.h"

#include <filesystem>

#include "tools/terminal/folders.h"
#include "tools/terminal/text.h"

namespace kilt::tool {

// The same folders, in the same order.
const ProfileSet& all_profiles() {
  static const ProfileSet kSet = [] {
    ProfileSet set = ProfileSet::builtin();
    std::vector<std::filesystem::path> folders{"/usr/share/kilt/tokens", "/etc/kilt/tokens"};
    if (const auto own = user_folder("XDG_CONFIG_HOME", ".config"); !own.empty())
      folders.push_back(own / "kilt" / "tokens");
    for (const auto& folder : folders) set.add_folder(folder, {});
    return set;
  }();
  return kSet;
}

namespace {

constexpr const char* kFiles = "files";
constexpr const char* kFileStorage = "1.2.398.3.3.5.1.1";

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
  if (status.family == kFiles) return kFileStorage;
  const Profile* profile = profile_of(token, status);
  return profile == nullptr ? "" : profile->storage_oid;
}

std::string chosen_storage(const std::string& option, const SlotView::Token& token,
                           const TokenStatus& status) {
  if (option == "none") return {};
  return option == "auto" ? storage_oid_of(token, status) : option;
}

std::string storage_folder(const ChosenToken& token, const std::string& storage_oid) {
  // The reader of a key file is its path, of one just made its folder's free place.
  const std::filesystem::path place = token.slot.reader;
  if (storage_oid != kFileStorage || !place.is_absolute()) return {};
  const std::string folder = place.parent_path().string();
  return is_plain(view(folder)) ? folder : std::string();
}

}  // namespace kilt::tool
