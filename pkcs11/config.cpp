#include "pkcs11/config.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

#include "drivers/profile/text.h"
#include "drivers/profile/trusted_file.h"

namespace kilt::p11 {
namespace {

std::string environment(const char* name) {
  const char* value = secure_getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

/// A time from the environment; nothing if it is no number up to an hour.
std::optional<std::chrono::milliseconds> milliseconds(const std::string& text) {
  constexpr unsigned kLongest = 3'600'000;
  unsigned number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || stop != end || number > kLongest) return std::nullopt;
  return std::chrono::milliseconds(number);
}

/// $XDG_name/kilt, else $HOME/fallback/kilt, else nothing. Relative paths are not trusted.
std::optional<std::filesystem::path> user_folder(const char* xdg_name = "XDG_CONFIG_HOME",
                                                 const char* fallback = ".config") {
  const std::filesystem::path xdg = environment(xdg_name);
  if (xdg.is_absolute()) return xdg / "kilt";
  const std::filesystem::path home = environment("HOME");
  if (home.is_absolute()) return home / fallback / "kilt";
  return std::nullopt;
}

bool readable(const std::filesystem::path& path) { return access(path.c_str(), R_OK) == 0; }

std::optional<std::filesystem::path> config_file() {
  const std::string named = environment("KILT_CONF");
  if (!named.empty()) return named;  // even if unreadable: then it is reported
  if (const auto folder = user_folder(); folder && readable(*folder / "kilt.toml"))
    return *folder / "kilt.toml";
  const std::filesystem::path system = "/etc/kilt/kilt.toml";
  if (readable(system)) return system;
  return std::nullopt;
}

/// Takes values out of the file's tables and notes what does not fit.
class Loader {
 public:
  Loader(Config& config, const toml::table& root) : config_(config), root_(root) {}

  void run() {
    choose("log", "target", {"none", "syslog", "file"}, config_.log_target);
    text("log", "file", config_.log_file);
    text("log", "trace", config_.trace_file);
    choose("pin", "default", {"warn", "refuse"}, config_.default_pin);
    flag("pin", "allow_default", config_.allow_default_pin);
    flag("pin", "allow_last_try", config_.allow_last_try);
    choose("pin", "logout", {"card", "own"}, config_.logout);
    flag("cache", "enabled", config_.cache);
    flag("readers", "pcsc", config_.pcsc);
    delegates();
    texts("profiles", "unverified", config_.unverified_profiles);
    folder("cert", "dir", config_.certificates);
    folders("files", "folders", config_.files);
    const auto unused = [&](const std::string& what) {
      config_.problems.push_back(fmt::format("unknown setting '{}' is ignored", what));
    };
    for (const auto& [section, node] : root_) {
      if (section.str() == "delegate") continue;
      if (section.str() == "bridge") continue;  // kilt-bridge reads it
      const toml::table* table = node.as_table();
      if (table == nullptr) {
        unused(std::string(section.str()));
        continue;
      }
      for (const auto& [key, value] : *table) {
        const std::string name = fmt::format("{}.{}", section.str(), key.str());
        if (std::find(known_.begin(), known_.end(), name) == known_.end()) unused(name);
      }
    }
  }

 private:
  const toml::node* find(const char* section, const char* key) {
    known_.push_back(fmt::format("{}.{}", section, key));
    return root_.at_path(known_.back()).node();
  }
  void complain(const toml::node& node, const char* expected) {
    config_.problems.push_back(fmt::format("line {}: '{}' must be {}; the default is used",
                                           node.source().begin.line, known_.back(), expected));
  }
  void text(const char* section, const char* key, std::string& target) {
    const toml::node* node = find(section, key);
    if (node == nullptr) return;
    if (node->is_string())
      target = node->as_string()->get();
    else
      complain(*node, "a string");
  }
  void texts(const char* section, const char* key, std::vector<std::string>& target) {
    const toml::node* node = find(section, key);
    if (node == nullptr) return;
    const toml::array* list = node->as_array();
    if (list == nullptr || !list->is_homogeneous(toml::node_type::string))
      return complain(*node, "a list of strings");
    for (const toml::node& entry : *list) target.push_back(entry.as_string()->get());
  }
  void folder(const char* section, const char* key, std::filesystem::path& target) {
    const toml::node* node = find(section, key);
    if (node == nullptr) return;
    const std::filesystem::path path = node->is_string() ? node->as_string()->get() : std::string();
    if (path.is_absolute())
      target = path;
    else
      complain(*node, "an absolute path");
  }
  void folders(const char* section, const char* key, std::vector<std::filesystem::path>& target) {
    std::vector<std::string> paths;
    const std::size_t problems = config_.problems.size();
    texts(section, key, paths);
    if (find(section, key) == nullptr || config_.problems.size() != problems) return;
    target.clear();
    for (const std::string& path : paths)
      if (std::filesystem::path(path).is_absolute())
        target.emplace_back(path);
      else
        config_.problems.push_back(
            fmt::format("'{}': '{}' is no absolute path; it is left out", known_.back(), path));
  }
  void flag(const char* section, const char* key, bool& target) {
    const toml::node* node = find(section, key);
    if (node == nullptr) return;
    if (node->is_boolean())
      target = node->as_boolean()->get();
    else
      complain(*node, "true or false");
  }
  template <typename Enum>
  void choose(const char* section, const char* key, std::initializer_list<const char*> names,
              Enum& target) {
    const toml::node* node = find(section, key);
    if (node == nullptr) return;
    int index = 0;
    for (const char* name : names) {
      if (node->is_string() && node->as_string()->get() == name) {
        target = static_cast<Enum>(index);
        return;
      }
      ++index;
    }
    complain(*node, "one of the values that conf/kilt.toml lists");
  }

  /// [[delegate]]: each table is a rule; one with a mistake is left out.
  void delegates() {
    const toml::node* node = root_.get("delegate");
    if (node == nullptr) return;
    const toml::array* tables = node->as_array();
    if (tables == nullptr) {
      config_.problems.push_back("'delegate' is written [[delegate]]");
      return;
    }
    for (const toml::node& entry : *tables) {
      const auto line = entry.source().begin.line;
      try {
        if (!entry.is_table()) throw std::invalid_argument("write [[delegate]]");
        config_.delegates.push_back(rule(*entry.as_table()));
      } catch (const std::invalid_argument& error) {
        config_.problems.push_back(
            fmt::format("line {}: delegate is ignored: {}", line, error.what()));
      }
    }
  }

  static delegate::Rule rule(const toml::table& table) {
    constexpr std::int64_t kMaxSeconds = 600;
    delegate::Rule rule;
    for (const auto& [key, value] : table) {
      const auto name = key.str();
      const auto word = [&] {
        if (!value.is_string())
          throw std::invalid_argument(fmt::format("'{}' must be a string", name));
        return value.as_string()->get();
      };
      if (name == "module") {
        rule.module = word();
      } else if (name == "reader") {
        rule.reader = word();
      } else if (name == "label") {
        rule.label = word();
      } else if (name == "atr") {
        rule.atr.emplace();
        rule.atr->value = from_hex(word());
        rule.atr->mask = Bytes(rule.atr->value.size(), 0xFF);
      } else if (name == "serve") {
        const std::string serve = word();
        if (serve != "all" && serve != "missing")
          throw std::invalid_argument("'serve' is \"all\" or \"missing\"");
        rule.serve = serve == "all" ? delegate::Rule::Serve::kAll : delegate::Rule::Serve::kMissing;
      } else if (name == "timeout") {
        const auto seconds = value.value<std::int64_t>().value_or(0);
        if (!value.is_integer() || seconds < 1 || seconds > kMaxSeconds)
          throw std::invalid_argument("'timeout' is a number of seconds, 1 to 600");
        rule.patience = std::chrono::seconds(seconds);
      } else {
        throw std::invalid_argument(fmt::format("unknown key '{}'", name));
      }
    }
    if (!std::filesystem::path(rule.module).is_absolute())
      throw std::invalid_argument("'module' must be an absolute path");
    if (rule.serve == delegate::Rule::Serve::kMissing && !rule.is_for_readers())
      throw std::invalid_argument("serve = \"missing\" needs 'reader' or 'atr'");
    return rule;
  }

  Config& config_;
  const toml::table& root_;
  std::vector<std::string> known_;
};

void load_file(Config& config, const std::filesystem::path& path) {
  try {
    // Opened here, not by toml++, and parsed without the path: its error for an absent file and its
    // copy of the path cannot stand a failing allocation.
    constexpr std::size_t kMaxFile = std::size_t{1} << 20U;
    const std::string contents = read_trusted_file(path, kMaxFile);
    std::optional<TextMistake> mistake;
    const std::string text = toml_in_ascii(contents, mistake);
    if (mistake)
      config.problems.push_back(fmt::format("line {}: {}", mistake->line, mistake->what));
    else
      Loader(config, toml::parse(text)).run();
  } catch (const UntrustedFile& error) {
    config.problems.emplace_back(error.what());
  } catch (const toml::parse_error& error) {
    config.problems.push_back(
        fmt::format("line {}: {}", error.source().begin.line, error.description()));
  }
  for (std::string& problem : config.problems) problem.insert(0, path.string() + ": ");
}

}  // namespace

Config Config::load() {
  Config config;
  if (const auto data = user_folder("XDG_DATA_HOME", ".local/share")) {
    config.certificates = *data / "certs";
    std::error_code ignored;
    if (std::filesystem::is_directory(*data / "keys", ignored)) config.files = {*data / "keys"};
  }
  if (const auto path = config_file()) load_file(config, *path);
  config.profile_folders = {"/usr/share/kilt/tokens", "/etc/kilt/tokens"};
  if (const auto folder = user_folder()) config.profile_folders.push_back(*folder / "tokens");
  if (const auto folder = user_folder("XDG_CACHE_HOME", ".cache"); folder && config.cache)
    config.cache_folder = *folder;
  if (!config.cache) config.recheck = std::chrono::milliseconds(0);
  config.erase_without_so_pin = environment("KILT_ERASE_WITHOUT_SO_PIN") == "1";
  config.patience = milliseconds(environment("KILT_PATIENCE"));
  if (const std::string trace = environment("KILT_TRACE"); !trace.empty())
    config.trace_file = trace;
  if (const std::string places = environment("KILT_FILES"); !places.empty()) {
    config.files.clear();
    std::istringstream list(places);
    for (std::string path; std::getline(list, path, ':');)
      if (!path.empty()) config.files.emplace_back(path);
  }
  std::istringstream sockets(environment("KILT_SOCKETS"));
  for (std::string path; std::getline(sockets, path, ':');)
    if (!path.empty()) config.sockets.push_back(path);
  return config;
}

}  // namespace kilt::p11
