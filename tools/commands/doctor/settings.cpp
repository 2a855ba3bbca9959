#include "tools/commands/doctor/settings.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

#include "drivers/profile/profile.h"
#include "tools/commands/usage.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

enum class Type { kText, kFlag, kWord, kTexts, kPath, kPaths, kNumber, kAtr };

struct Setting {
  std::string_view name;
  Type type = Type::kText;
  std::string_view words{};  ///< kWord: "one|other"
  long least = 0, most = 0;
};

constexpr std::array kSettings{
    Setting{"log.target", Type::kWord, "none|syslog|file"},
    Setting{"log.file", Type::kText},
    Setting{"log.trace", Type::kText},
    Setting{"pin.default", Type::kWord, "warn|refuse"},
    Setting{"pin.allow_default", Type::kFlag},
    Setting{"pin.allow_last_try", Type::kFlag},
    Setting{"pin.logout", Type::kWord, "card|own"},
    Setting{"profiles.unverified", Type::kTexts},
    Setting{"cert.dir", Type::kPath},
    Setting{"files.folders", Type::kPaths},
    Setting{"cache.enabled", Type::kFlag},
    Setting{"readers.pcsc", Type::kFlag},
    Setting{"bridge.port", Type::kNumber, {}, 1, 65535},
    Setting{"bridge.module", Type::kText},
    Setting{"bridge.dialog", Type::kText},
    Setting{"bridge.allow", Type::kTexts},
    Setting{"bridge.deny", Type::kTexts},
    Setting{"bridge.ask", Type::kFlag},
    Setting{"bridge.no_origin", Type::kFlag},
    Setting{"bridge.modules", Type::kTexts},
    Setting{"bridge.tsa", Type::kText},
};
/// Of each [[delegate]].
constexpr std::array kDelegate{
    Setting{"delegate.module", Type::kPath},
    Setting{"delegate.reader", Type::kText},
    Setting{"delegate.atr", Type::kAtr},
    Setting{"delegate.label", Type::kText},
    Setting{"delegate.serve", Type::kWord, "all|missing"},
    Setting{"delegate.timeout", Type::kNumber, {}, 1, 600},
};

bool is_absolute(const toml::node& node) {
  const auto text = node.value_exact<std::string>();
  return text && std::filesystem::path(*text).is_absolute();
}

bool all_of(const toml::node& node, bool (*good)(const toml::node&)) {
  const toml::array* list = node.as_array();
  if (list == nullptr) return false;
  bool all = true;
  for (const toml::node& one : *list) all = all && good(one);
  return all;
}

bool is_word(const toml::node& node, std::string_view words) {
  const auto text = node.value_exact<std::string>();
  if (!text || text->empty() || text->find('|') != std::string::npos) return false;
  return ('|' + std::string(words) + '|').find('|' + *text + '|') != std::string::npos;
}

bool is_atr(const toml::node& node) {
  const auto text = node.value_exact<std::string>();
  try {
    return text && !kilt::from_hex(*text).empty();
  } catch (const std::invalid_argument&) {
    return false;
  }
}

bool fits(const Setting& setting, const toml::node& node) {
  switch (setting.type) {
    case Type::kText:
      return node.is_string();
    case Type::kFlag:
      return node.is_boolean();
    case Type::kWord:
      return is_word(node, setting.words);
    case Type::kTexts:
      return all_of(node, [](const toml::node& one) { return one.is_string(); });
    case Type::kPath:
      return is_absolute(node);
    case Type::kPaths:
      return all_of(node, is_absolute);
    case Type::kNumber: {
      const auto number = node.value_exact<std::int64_t>();
      return number && *number >= setting.least && *number <= setting.most;
    }
    case Type::kAtr:
      break;
  }
  return is_atr(node);
}

std::string expected(const Setting& setting) {
  switch (setting.type) {
    case Type::kText:
      return tr("text in quotation marks");
    case Type::kFlag:
      return tr("true or false");
    case Type::kWord: {
      std::string list;
      for (const char c : setting.words)
        list += c == '|' ? std::string("\", \"") : std::string(1, c);
      return tr("one of \"{0}\"", list);
    }
    case Type::kTexts:
      return tr("a list of texts: [\"...\"]");
    case Type::kPath:
      return tr("an absolute path in quotation marks");
    case Type::kPaths:
      return tr("a list of absolute paths: [\"/...\"]");
    case Type::kNumber:
      return tr("a number from {0} to {1}", setting.least, setting.most);
    case Type::kAtr:
      break;
  }
  return tr("hexadecimal digits in quotation marks");
}

class Checker {
 public:
  void section(const std::string& prefix, const toml::node& node,
               std::span<const Setting> settings) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return unknown(node, prefix, settings);
    for (const auto& [key, value] : *table) {
      const std::string name = prefix + '.' + std::string(key.str());
      const auto found = std::ranges::find(settings, name, &Setting::name);
      if (found == settings.end())
        unknown(value, name, settings);
      else if (!fits(*found, value))
        problems.push_back(
            {SettingProblem::Kind::kValue, line_of(value), name, expected(*found), {}});
    }
  }

  /// A rule without its module, or for readers without saying which.
  void rule(const toml::node& node) {
    section("delegate", node, kDelegate);
    const toml::table* table = node.as_table();
    if (table == nullptr) return;
    if (!table->contains("module"))
      problems.push_back({SettingProblem::Kind::kValue,
                          line_of(node),
                          "delegate.module",
                          expected(kDelegate.front()),
                          {}});
    if ((*table)["serve"].value_or(std::string_view()) == "missing" && !table->contains("reader") &&
        !table->contains("atr"))
      problems.push_back({SettingProblem::Kind::kValue,
                          line_of(node),
                          "delegate.serve",
                          tr("\"missing\" only beside 'reader' or 'atr'"),
                          {}});
  }

  std::vector<SettingProblem> problems;

 private:
  static unsigned line_of(const toml::node& node) { return node.source().begin.line; }
  void unknown(const toml::node& node, const std::string& name, std::span<const Setting> settings) {
    std::vector<std::string> names;
    for (const Setting& one : settings) names.emplace_back(one.name);
    problems.push_back(
        {SettingProblem::Kind::kUnknown, line_of(node), name, {}, nearest(name, names)});
  }
};

}  // namespace

std::vector<SettingProblem> setting_problems(const toml::table& file) {
  Checker checker;
  for (const auto& [key, node] : file) {
    if (key.str() != "delegate") {
      checker.section(std::string(key.str()), node, kSettings);
    } else if (const toml::array* rules = node.as_array(); rules != nullptr) {
      for (const toml::node& rule : *rules) checker.rule(rule);
    } else {
      checker.problems.push_back({SettingProblem::Kind::kValue,
                                  node.source().begin.line,
                                  "delegate",
                                  tr("a table of its own: [[delegate]]"),
                                  {}});
    }
  }
  std::ranges::stable_sort(checker.problems, {}, &SettingProblem::line);
  return checker.problems;
}

}  // namespace kilt::tool
