#include "tools/bridge/settings.h"

#include <cstdlib>

#include <toml++/toml.h>

#include "drivers/profile/trusted_file.h"
#include "tools/terminal/text.h"

namespace kilt::bridge {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFile = std::size_t{1} << 20U;

/// The variable if it is an absolute path, else `below` in the home folder.
fs::path folder_of(const char* variable, const char* below) {
  const char* value = secure_getenv(variable);
  if (value != nullptr && fs::path(value).is_absolute()) return value;
  const char* home = secure_getenv("HOME");
  return fs::path(home == nullptr ? "/nonexistent" : home) / below;
}

fs::path configuration_file() {
  if (const char* named = secure_getenv("KILT_CONF"); named != nullptr && *named != '\0')
    return named;
  std::error_code error;
  const fs::path own = folder_of("XDG_CONFIG_HOME", ".config") / "kilt" / "kilt.toml";
  return fs::exists(own, error) ? own : fs::path("/etc/kilt/kilt.toml");
}

class Reader {
 public:
  Reader(const toml::table& table, std::vector<std::string>& problems)
      : table_(&table), problems_(&problems) {}

  void text(const char* key, std::string& target) {
    if (const auto* node = find(key)) {
      if (const auto value = node->value_exact<std::string>())
        target = *value;
      else
        wrong(key);
    }
  }
  void flag(const char* key, bool& target) {
    if (const auto* node = find(key)) {
      if (const auto value = node->value_exact<bool>())
        target = *value;
      else
        wrong(key);
    }
  }
  void port(const char* key, std::uint16_t& target) {
    if (const auto* node = find(key)) {
      const auto value = node->value_exact<std::int64_t>();
      if (value && *value > 0 && *value < 65536)
        target = static_cast<std::uint16_t>(*value);
      else
        wrong(key);
    }
  }
  void texts(const char* key, std::vector<std::string>& target) {
    const auto* node = find(key);
    if (node == nullptr) return;
    const toml::array* list = node->as_array();
    if (list == nullptr) return wrong(key);
    for (const toml::node& entry : *list) {
      if (const auto value = entry.value_exact<std::string>())
        target.push_back(*value);
      else
        wrong(key);
    }
  }

 private:
  const toml::node* find(const char* key) { return table_->get(key); }
  void wrong(const char* key) {
    problems_->push_back(tool::tr("bridge.{0} in kilt.toml cannot be used.", key));
  }
  const toml::table* table_;
  std::vector<std::string>* problems_;
};

}  // namespace

Settings Settings::parse(const std::string& text) {
  Settings settings;
  settings.state = folder_of("XDG_STATE_HOME", ".local/state") / "kilt";
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error&) {
    settings.problems.push_back(tool::tr("kilt.toml cannot be read; defaults are used."));
    // A file that cannot be read may have been the one with the administrator's list.
    settings.ask = false;
    return settings;
  }
  const toml::table* bridge = table["bridge"].as_table();
  if (bridge == nullptr) return settings;
  Reader reader(*bridge, settings.problems);
  reader.port("port", settings.port);
  reader.text("module", settings.module);
  reader.text("dialog", settings.dialog);
  reader.texts("allow", settings.allow);
  reader.texts("deny", settings.deny);
  reader.flag("ask", settings.ask);
  reader.flag("no_origin", settings.no_origin);
  reader.texts("modules", settings.modules);
  reader.text("tsa", settings.tsa);
  return settings;
}

Settings Settings::load() {
  const fs::path path = configuration_file();
  std::error_code error;
  if (!fs::exists(path, error)) return parse({});
  try {
    return parse(read_trusted_file(path, kMaxFile));
  } catch (const UntrustedFile&) {
    return parse("=");  // without a file: as one that is broken
  }
}

}  // namespace kilt::bridge
