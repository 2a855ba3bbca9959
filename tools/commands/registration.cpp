#include "tools/commands/registration.h"

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tools/commands/context.h"
#include "tools/terminal/process.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMark = "# Written by `kilt register`; `kilt unregister` removes it.\n";
constexpr const char* kNssName = "Kilt";
constexpr std::size_t kMaxText = std::size_t{1} << 20U;

fs::path environment(const char* name) {
  const char* value = std::getenv(name);
  const fs::path path = value == nullptr ? "" : value;
  return path.is_absolute() ? path : fs::path();
}

/// Empty if it cannot be read.
std::string text_of(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) > kMaxText) return {};
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void put(const fs::path& path, const std::string& text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  write_file(path, view(text), Access::kAll);
}

bool remove_own(const fs::path& path) {
  std::error_code error;
  if (text_of(path).find(kMark) == std::string::npos) return false;
  return fs::remove(path, error);
}

/// pkcs11.so in a folder of OpenSSL's, wherever the system has these.
fs::path of_openssl(const Surroundings& around, const std::string& folder) {
  for (const char* libraries : {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
                                "/usr/lib/i386-linux-gnu", "/usr/lib", "/usr/lib64"}) {
    std::error_code error;
    fs::path file = around.at(fs::path(libraries) / folder) / "pkcs11.so";
    if (fs::exists(file, error)) return file;
  }
  return {};
}

/// The value after "key:" or "key=" at the start of a line.
std::string value_of(const std::string& text, const std::string& key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    line.erase(0, std::min(line.find_first_not_of(" \t"), line.size()));
    if (!line.starts_with(key)) continue;
    std::string rest = line.substr(key.size());
    const auto start = rest.find_first_not_of(" \t");
    if (start == std::string::npos || (rest[start] != ':' && rest[start] != '=')) continue;
    rest.erase(0, std::min(rest.find_first_not_of(" \t", start + 1), rest.size()));
    rest.erase(rest.find_last_not_of(" \t\r") + 1);
    return rest;
  }
  return {};
}

/// What a registration file names: the wanted module, one that is there, or nothing that is.
Registered state_of(const std::string& named, const std::string& wanted) {
  if (named.empty()) return Registered::kNo;
  std::error_code error;
  if (fs::equivalent(named, wanted, error) && !error) return Registered::kYes;
  return fs::exists(named, error) ? Registered::kYes : Registered::kBroken;
}

fs::path p11kit_user_file(const Surroundings& around) {
  return around.config / "pkcs11" / "modules" / "kilt.module";
}

/// p11-kit looks for a relative name in its own module folder.
std::string full_module(const Surroundings& around, const std::string& named) {
  if (named.empty() || named.front() == '/') return named;
  for (const char* folder :
       {"/usr/lib/x86_64-linux-gnu/pkcs11", "/usr/lib/aarch64-linux-gnu/pkcs11", "/usr/lib/pkcs11",
        "/usr/lib64/pkcs11", "/usr/local/lib/pkcs11"}) {
    std::error_code error;
    if (fs::exists(around.at(folder) / named, error)) return around.at(folder) / named;
  }
  return "/nonexistent/" + named;
}

}  // namespace

Surroundings Surroundings::here(const fs::path& root) {
  Surroundings around;
  around.root = root.empty() ? fs::path("/") : root;
  around.home = environment("HOME");
  around.config = environment("XDG_CONFIG_HOME");
  if (around.config.empty()) around.config = around.home / ".config";
  return around;
}

fs::path Surroundings::at(const std::string& absolute) const {
  return root / fs::path(absolute).relative_path();
}

Registration p11kit_registration(const Surroundings& around, const std::string& module) {
  const fs::path own = p11kit_user_file(around);
  Registration registration{Registered::kNo, own, {}};
  for (const fs::path& file : {own, around.at("/etc/pkcs11/modules/kilt.module"),
                               around.at("/usr/share/p11-kit/modules/kilt.module"),
                               around.at("/usr/local/share/p11-kit/modules/kilt.module")}) {
    const std::string named = value_of(text_of(file), "module");
    if (named.empty()) continue;
    registration = {state_of(full_module(around, named), module), file, named};
    if (registration.state == Registered::kYes) return registration;
  }
  return registration;
}

void register_p11kit(const Surroundings& around, const std::string& module) {
  put(p11kit_user_file(around), std::string(kMark) + "module: " + module + '\n');
}

bool unregister_p11kit(const Surroundings& around) { return remove_own(p11kit_user_file(around)); }

std::vector<fs::path> nss_databases(const Surroundings& around) {
  std::vector<fs::path> found;
  const auto add = [&](const fs::path& folder) {
    std::error_code error;
    if (fs::exists(folder / "pkcs11.txt", error)) found.push_back(folder);
  };
  add(around.home / ".pki" / "nssdb");
  for (const char* parent :
       {".mozilla/firefox", ".thunderbird", "snap/firefox/common/.mozilla/firefox"}) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(around.home / parent, error))
      if (entry.is_directory(error)) add(entry.path());
  }
  return found;
}

int user_of_profile(const Surroundings& around, const fs::path& database) {
  std::error_code error;
  // A link to nowhere: "127.0.1.1:+4711". It stays behind when the program is killed.
  const std::string target = fs::read_symlink(database / "lock", error);
  const auto plus = target.find('+');
  if (error || plus == std::string::npos) return 0;
  int process = 0;
  std::from_chars(target.data() + plus + 1, target.data() + target.size(), process);
  return process > 0 && fs::exists(around.at("/proc/" + std::to_string(process)), error) ? process
                                                                                         : 0;
}

Registration nss_registration(const fs::path& database, const std::string& module) {
  Registration registration{Registered::kNo, database / "pkcs11.txt", {}};
  std::istringstream lines(text_of(registration.where));
  // Entries of "library=…" and "name=…" lines, separated by empty lines.
  std::string library;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("library=")) library = line.substr(8);
    if (line.find("kilt-pkcs11") != std::string::npos || line == "name=Kilt")
      registration.module = library;
    if (line.empty()) library.clear();
  }
  registration.state = state_of(registration.module, module);
  return registration;
}

void register_nss(const fs::path& database, const std::string& module) {
  const auto result = run_program({"modutil", "-dbdir", "sql:" + database.string(), "-add",
                                   kNssName, "-libfile", module, "-force"},
                                  true);
  if (result.code == 127)
    throw Failure(Kind::kModule, tr("modutil is not installed."),
                  tr("Install the package libnss3-tools."));
  if (result.code != 0)
    throw Failure(Kind::kModule, tr("modutil failed: {0}", clean(result.output)),
                  tr("Close the program that uses this database and try again."));
}

void unregister_nss(const fs::path& database) {
  const auto result = run_program(
      {"modutil", "-dbdir", "sql:" + database.string(), "-delete", kNssName, "-force"}, true);
  if (result.code != 0)
    throw Failure(Kind::kModule, tr("modutil failed: {0}", clean(result.output)),
                  tr("Close the program that uses this database and try again."));
}

fs::path openssl_file(const Surroundings& around) { return around.config / "kilt" / "openssl.cnf"; }

Registration openssl_registration(const Surroundings& around, const std::string& module) {
  const fs::path file = openssl_file(around);
  const std::string text = text_of(file);
  std::string named = value_of(text, "MODULE_PATH");
  const std::string by_provider = value_of(text, "pkcs11-module-path");
  if (named.empty()) named = by_provider;
  // Of the time before the provider was installed.
  if (!openssl_provider(around).empty() && by_provider.empty()) named.clear();
  return {state_of(named, module), file, named};
}

void register_openssl(const Surroundings& around, const std::string& module) {
  const fs::path provider = openssl_provider(around);
  const bool engine = provider.empty() || !openssl_engine(around).empty();
  std::string start = "openssl_conf = start\n\n[start]\n", sections;
  if (engine) {
    start += "engines = engines\n";
    sections +=
        "\n[engines]\npkcs11 = engine\n\n[engine]\nengine_id = pkcs11\nMODULE_PATH = " + module +
        '\n';
  }
  if (!provider.empty()) {
    // Who names one provider gets no other by default.
    start += "providers = providers\n";
    sections +=
        "\n[providers]\ndefault = builtin\npkcs11 = provider\n\n[builtin]\nactivate = 1\n\n"
        "[provider]\nmodule = " +
        provider.string() + "\npkcs11-module-path = " + module + "\nactivate = 1\n";
  }
  put(openssl_file(around), kMark + start + sections);
}

bool unregister_openssl(const Surroundings& around) { return remove_own(openssl_file(around)); }

fs::path openssl_engine(const Surroundings& around) { return of_openssl(around, "engines-3"); }

fs::path openssl_provider(const Surroundings& around) { return of_openssl(around, "ossl-modules"); }

}  // namespace kilt::tool
