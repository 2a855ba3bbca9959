#include <cstdlib>

#include <toml++/toml.h>
#include <unistd.h>

#include "drivers/profile/profile.h"
#include "drivers/profile/text.h"
#include "drivers/profile/trusted_file.h"
#include "tools/commands/doctor/doctor.h"
#include "tools/commands/doctor/settings.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFile = std::size_t{1} << 20U;

fs::path configuration(const Surroundings& around) {
  if (const char* named = std::getenv("KILT_CONF"); named != nullptr && *named != '\0')
    return named;
  std::error_code error;
  if (fs::exists(around.config / "kilt" / "kilt.toml", error))
    return around.config / "kilt" / "kilt.toml";
  return around.at("/etc/kilt/kilt.toml");
}

/// Keys that nobody reads, values that do not count.
void check_settings(const toml::table& table, const fs::path& file, Checks& checks) {
  const auto problems = setting_problems(table);
  for (const SettingProblem& one : problems) {
    const std::string name = clean(one.name);
    const bool unknown = one.kind == SettingProblem::Kind::kUnknown;
    checks.push_back({unknown ? "configuration-key" : "configuration-value",
                      Health::kProblem,
                      unknown ? tr("{0}, line {1}: there is no setting {2}; it is ignored.",
                                   file.string(), one.line, name)
                              : tr("{0}, line {1}: {2} must be {3}; its default holds.",
                                   file.string(), one.line, name, one.expected),
                      !unknown
                          ? tr("Correct that line; `man kilt.toml` lists what may stand there.")
                      : one.similar.empty() ? tr("Take it out; `man kilt.toml` lists the settings.")
                                            : tr("Did you mean {0}?", one.similar),
                      {}});
  }
  if (problems.empty())
    checks.push_back({"configuration",
                      Health::kGood,
                      tr("{0} can be read, and all of its settings count.", file.string()),
                      "",
                      {}});
}

void check_trace(const toml::table& table, Checks& checks) {
  const char* traced = std::getenv("KILT_TRACE");
  const std::string file =
      traced != nullptr ? std::string(traced) : table["log"]["trace"].value_or(std::string());
  if (!file.empty())
    checks.push_back(
        {"trace-on",
         Health::kNote,
         tr("Every operation is traced into {0}: it slows down and tells what you do.", file),
         tr("Unset KILT_TRACE, or log.trace in kilt.toml."),
         {}});
}

}  // namespace

void check_configuration(const Surroundings& around, Checks& checks) {
  const fs::path file = configuration(around);
  std::error_code error;
  toml::table table;
  if (fs::exists(file, error)) {
    if (access(file.c_str(), R_OK) != 0) {
      checks.push_back({"configuration",
                        Health::kProblem,
                        tr("{0} may not be read by this user.", file.string()),
                        "chmod u+r " + file.string(),
                        {}});
    } else {
      const auto ignored = [&](unsigned line, const std::string& what) {
        checks.push_back(
            {"configuration",
             Health::kProblem,
             tr("{0}, line {1}: {2}. The whole file is ignored.", file.string(), line, what),
             tr("Correct that line."),
             {}});
      };
      try {
        std::optional<TextMistake> mistake;
        const std::string text = toml_in_ascii(read_trusted_file(file, kMaxFile), mistake);
        if (mistake) {
          ignored(mistake->line, mistake->what);
        } else {
          table = toml::parse(text, file.string());
          check_settings(table, file, checks);
        }
      } catch (const UntrustedFile&) {
        checks.push_back(
            {"configuration",
             Health::kProblem,
             tr("{0} is ignored: others than you and root could have written it.", file.string()),
             "chmod go-w " + file.string(),
             {}});
      } catch (const toml::parse_error& problem) {
        ignored(problem.source().begin.line, std::string(problem.description()));
      }
    }
  }
  check_trace(table, checks);
  ProfileSet set;
  for (const fs::path& folder : {around.at("/usr/share/kilt/tokens"), around.at("/etc/kilt/tokens"),
                                 around.config / "kilt" / "tokens"})
    set.add_folder(folder, [&](const ProfileError& problem) {
      checks.push_back({"profile",
                        Health::kProblem,
                        tr("A token profile is ignored: {0}", clean(problem.what())),
                        tr("Correct it or remove it."),
                        {}});
    });
}

}  // namespace kilt::tool
