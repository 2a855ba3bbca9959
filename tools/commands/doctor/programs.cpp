#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tools/commands/doctor/doctor.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

namespace fs = std::filesystem;

constexpr std::streamsize kMaxText = std::streamsize{1} << 20U;

/// The modules that an OpenSSL configuration names, of the engine and of the provider.
std::vector<std::string> modules_in(const fs::path& file) {
  std::ifstream in(file);
  std::string text(static_cast<std::size_t>(kMaxText), '\0');
  in.read(text.data(), kMaxText);
  text.resize(static_cast<std::size_t>(in.gcount()));
  std::istringstream lines(text);
  std::vector<std::string> modules;
  for (std::string line; std::getline(lines, line);) {
    line.erase(std::min(line.find('#'), line.size()));
    const auto start = std::min(line.find_first_not_of(" \t"), line.size());
    const auto equals = line.find('=');
    if (equals == std::string::npos || equals < start) continue;
    std::string key = line.substr(start, equals - start);
    key.erase(key.find_last_not_of(" \t") + 1);
    if (key != "MODULE_PATH" && key != "pkcs11-module-path") continue;
    std::string value = line.substr(equals + 1);
    value.erase(0, std::min(value.find_first_not_of(" \t"), value.size()));
    value.erase(value.find_last_not_of(" \t\r") + 1);
    modules.push_back(std::move(value));
  }
  return modules;
}

void check_openssl_conf(Checks& checks) {
  const char* named = std::getenv("OPENSSL_CONF");
  if (named == nullptr || *named == '\0') return;
  const std::string file = clean(named);
  std::error_code error;
  if (!fs::exists(named, error)) {
    checks.push_back({"openssl-conf",
                      Health::kProblem,
                      tr("OPENSSL_CONF names {0}, which is not there: programs with OpenSSL run "
                         "without their configuration, or not at all.",
                         file),
                      "unset OPENSSL_CONF",
                      {}});
    return;
  }
  for (const std::string& module : modules_in(named))
    if (!fs::exists(module, error))
      checks.push_back({"openssl-conf",
                        Health::kProblem,
                        tr("OPENSSL_CONF names {0}, and that a module that is not there: {1}", file,
                           clean(module)),
                        "kilt register openssl",
                        {}});
}

/// Began to run before the module was told to it.
bool is_older(const fs::path& lock, const fs::path& registration) {
  std::error_code error;
  // The link's own time cannot be had of std::filesystem; .parentlock is written beside it.
  const auto started = fs::last_write_time(lock, error);
  if (error) return false;
  const auto registered = fs::last_write_time(registration, error);
  return !error && started < registered;
}

}  // namespace

void check_programs(const Surroundings& around, const std::string& module, Checks& checks) {
  check_openssl_conf(checks);
  for (const fs::path& database : nss_databases(around)) {
    const int process = user_of_profile(around, database);
    if (process == 0) continue;
    const bool registered = nss_registration(database, module).state == Registered::kYes;
    if (!registered)
      checks.push_back({"browser-running",
                        Health::kNote,
                        tr("A program runs with {0} (process {1}): it does not see a module that "
                           "is registered meanwhile, and may undo it.",
                           database.string(), process),
                        tr("Close it, then: kilt register nss"),
                        {}});
    else if (is_older(database / ".parentlock", database / "pkcs11.txt"))
      checks.push_back({"browser-running",
                        Health::kNote,
                        tr("A program runs with {0} (process {1}) since before the module was "
                           "registered there.",
                           database.string(), process),
                        tr("Close it and start it again."),
                        {}});
  }
}

}  // namespace kilt::tool
