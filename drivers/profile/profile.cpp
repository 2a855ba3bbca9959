#include "drivers/profile/profile.h"

#include <algorithm>
#include <bit>

#include "drivers/profile/builtin.h"
#include "drivers/profile/parser.h"
#include "drivers/profile/trusted_file.h"

namespace kilt {
namespace {

unsigned exactness(const AtrPattern& pattern) {
  unsigned bits = 0;
  for (const Byte byte : pattern.mask) bits += static_cast<unsigned>(std::popcount(byte));
  return bits;
}

}  // namespace

bool AtrPattern::matches(BytesView atr) const noexcept {
  if (atr.size() != value.size()) return false;
  for (std::size_t i = 0; i < atr.size(); ++i)
    if ((atr[i] & mask[i]) != (value[i] & mask[i])) return false;
  return true;
}

bool Profile::is_factory_pin(PinRole role, BytesView pin) const noexcept {
  bool found = false;
  for (const FactoryPin& factory : factory_pins) {
    const BytesView value(reinterpret_cast<const Byte*>(factory.value.data()),
                          factory.value.size());
    found = (factory.role == role && equal_constant_time(value, pin)) || found;
  }
  return found;
}

ProfileSet ProfileSet::builtin() {
  const auto parse = [] {
    ProfileSet set;
    for (const auto& [name, text] : builtin_profiles()) set.add(text, std::string(name));
    for (Profile& profile : set.profiles_) profile.source.clear();
    return set;
  };
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
  // The text is always the same, and under sanitizers half of an input's time went into it. A
  // module that can be unloaded and forked keeps nothing of the kind.
  static const ProfileSet kParsed = parse();
  return kParsed;
#else
  return parse();
#endif
}

bool Profile::accepted() const noexcept {
  return std::ranges::find(host->accepted, name) != host->accepted.end();
}

void ProfileSet::set_host(HostSettings settings) {
  host_ = std::make_shared<const HostSettings>(std::move(settings));
  for (Profile& profile : profiles_) profile.host = host_;
}

void ProfileSet::add(std::string_view toml, const std::filesystem::path& source) {
  Profile profile = parse_profile(toml, source);
  profile.host = host_;
  const auto same = std::ranges::find(profiles_, profile.name, &Profile::name);
  if (same != profiles_.end())
    *same = std::move(profile);
  else
    profiles_.push_back(std::move(profile));
}

void ProfileSet::add_folder(const std::filesystem::path& folder,
                            const std::function<void(const ProfileError&)>& on_error) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  std::ranges::sort(files);
  for (const auto& file : files) {
    try {
      add(read_trusted_file(file, kMaxProfile), file);
    } catch (const UntrustedFile& problem) {
      if (on_error) on_error(ProfileError(file.string() + ": " + problem.what()));
    } catch (const ProfileError& problem) {
      if (on_error) on_error(problem);
    }
  }
}

const Profile* ProfileSet::find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(profiles_, name, &Profile::name);
  return found == profiles_.end() ? nullptr : &*found;
}

const Profile* ProfileSet::match(BytesView atr) const noexcept {
  const Profile* best = nullptr;
  unsigned best_bits = 0;
  for (const Profile& profile : profiles_)
    for (const AtrPattern& pattern : profile.atrs)
      if (pattern.matches(atr) && (best == nullptr || exactness(pattern) > best_bits)) {
        best = &profile;
        best_bits = exactness(pattern);
      }
  return best;
}

}  // namespace kilt
