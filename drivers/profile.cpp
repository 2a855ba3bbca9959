#include "drivers/profile.h"

#include <algorithm>
#include <array>
#include <bit>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "drivers/builtin_profiles.h"

namespace kilt {
namespace {

constexpr std::size_t kMaxAtr = 33;
constexpr std::size_t kMaxFile = std::size_t{256} * 1024;  // a profile is a page of text

/// Reads one file's table and remembers where it is, for messages.
class Parser {
 public:
  explicit Parser(const std::filesystem::path& source) : source_(source) {}

  Profile parse(std::string_view text) {
    try {
      return profile(toml::parse(text, source_.string()));
    } catch (const toml::parse_error& error) {
      throw ProfileError(fmt::format("{}:{}: {}", source_.string(), error.source().begin.line,
                                     error.description()));
    }
  }

 private:
  [[noreturn]] void fail(const toml::node& node, const std::string& what) const {
    throw ProfileError(fmt::format("{}:{}: {}", source_.string(), node.source().begin.line, what));
  }

  void known_keys(const toml::table& table, std::initializer_list<std::string_view> keys) const {
    for (const auto& [key, value] : table)
      if (std::ranges::find(keys, key.str()) == keys.end())
        fail(value, fmt::format("unknown key '{}'", key.str()));
  }

  std::string text(const toml::table& table, std::string_view key, bool required) const {
    const toml::node* node = table.get(key);
    if (node == nullptr) {
      if (required) fail(table, fmt::format("'{}' is missing", key));
      return {};
    }
    if (!node->is_string()) fail(*node, fmt::format("'{}' must be a string", key));
    return node->as_string()->get();
  }

  Bytes hex(const toml::table& table, std::string_view key, bool required) const {
    const std::string value = text(table, key, required);
    try {
      return from_hex(value);
    } catch (const std::invalid_argument& error) {
      fail(*table.get(key), fmt::format("'{}': {}", key, error.what()));
    }
  }

  /// Calls `read(table)` for each table of the array `key`, which may be absent.
  template <typename Read>
  void each(const toml::table& table, std::string_view key, Read read) const {
    const toml::node* node = table.get(key);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr) fail(*node, fmt::format("write [[{}]] for '{}'", key, key));
    for (const toml::node& entry : *array) {
      const toml::table* inner = entry.as_table();
      if (inner == nullptr) fail(entry, fmt::format("write [[{}]] for '{}'", key, key));
      read(*inner);
    }
  }

  AtrPattern atr(const toml::table& table) const {
    known_keys(table, {"value", "mask", "note"});
    AtrPattern pattern{hex(table, "value", true), hex(table, "mask", false),
                       text(table, "note", false)};
    if (pattern.value.size() < 2 || pattern.value.size() > kMaxAtr)
      fail(*table.get("value"), "an ATR has 2 to 33 bytes");
    if (pattern.mask.empty()) pattern.mask.assign(pattern.value.size(), 0xFF);
    if (pattern.mask.size() != pattern.value.size())
      fail(*table.get("mask"), "the mask must be as long as the value");
    return pattern;
  }

  FactoryPin factory_pin(const toml::table& table) const {
    known_keys(table, {"name", "role", "value"});
    FactoryPin pin;
    pin.name = text(table, "name", true);
    pin.value = text(table, "value", true);
    const std::string role = text(table, "role", true);
    if (role != "user" && role != "so") fail(*table.get("role"), "'role' is \"user\" or \"so\"");
    pin.role = role == "user" ? PinRole::kUser : PinRole::kSo;
    if (pin.value.empty()) fail(*table.get("value"), "a factory PIN cannot be empty");
    return pin;
  }

  Profile profile(const toml::table& table) const {
    known_keys(table, {"name", "family", "manufacturer", "model", "storage_oid", "atr",
                       "factory_pin", "options"});
    Profile result;
    result.name = text(table, "name", true);
    result.family = text(table, "family", true);
    result.manufacturer = text(table, "manufacturer", false);
    result.model = text(table, "model", false);
    result.storage_oid = text(table, "storage_oid", false);
    result.source = source_;
    if (result.name.empty()) fail(*table.get("name"), "'name' is empty");
    if (result.manufacturer.size() > 32)
      fail(*table.get("manufacturer"), "'manufacturer' has at most 32 bytes");
    if (result.model.size() > 16) fail(*table.get("model"), "'model' has at most 16 bytes");
    if (result.storage_oid.find_first_not_of("0123456789.") != std::string::npos)
      fail(*table.get("storage_oid"), "'storage_oid' is digits and dots");
    each(table, "atr", [&](const toml::table& entry) { result.atrs.push_back(atr(entry)); });
    each(table, "factory_pin",
         [&](const toml::table& entry) { result.factory_pins.push_back(factory_pin(entry)); });
    result.options = options(table);
    return result;
  }

  std::map<std::string, std::string> options(const toml::table& table) const {
    std::map<std::string, std::string> result;
    const toml::node* node = table.get("options");
    if (node == nullptr) return result;
    if (!node->is_table()) fail(*node, "'options' is a table");
    for (const auto& [key, value] : *node->as_table()) {
      if (!value.is_string()) fail(value, "an option is a string");
      result.emplace(std::string(key.str()), value.as_string()->get());
    }
    return result;
  }

  std::filesystem::path source_;
};

unsigned exactness(const AtrPattern& pattern) {
  unsigned bits = 0;
  for (const Byte byte : pattern.mask) bits += static_cast<unsigned>(std::popcount(byte));
  return bits;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (!file || error) throw ProfileError(path.string() + ": cannot be read");
  if (size > kMaxFile) throw ProfileError(path.string() + ": too large for a profile");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
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
  ProfileSet set;
  for (const auto& [name, text] : builtin_profiles()) set.add(text, std::string(name));
  for (Profile& profile : set.profiles_) profile.source.clear();
  return set;
}

void ProfileSet::add(std::string_view toml, const std::filesystem::path& source) {
  Profile profile = Parser(source).parse(toml);
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
      add(read_file(file), file);
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
