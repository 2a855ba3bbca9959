#include "tools/commands/register_bridge.h"

#include <ctime>

#include "tools/terminal/failure.h"
#include "tools/terminal/process.h"
#include "tools/terminal/text.h"
#include "tools/trust/bridge_trust.h"
#include "tools/trust/browsers.h"

namespace kilt::tool {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUnit = "kilt-bridge.socket";

void systemctl(const std::vector<std::string>& arguments) {
  std::vector<std::string> command{"systemctl", "--user"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const auto result = run_program(command, true);
  std::string said = result.output;
  said.erase(said.find_last_not_of(" \t\r\n") + 1);
  if (result.code != 0)
    throw Failure(Kind::kModule, tr("The service was not changed: {0}", clean(said)),
                  tr("Start it by hand: kilt-bridge run"));
}

/// Chromium has its database only after the first certificate of the user's; it is made now.
void make_chromium_database(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  fs::permissions(folder, fs::perms::owner_all, error);
  run_program({"certutil", "-N", "-d", "sql:" + folder.string(), "--empty-password"}, true);
}

}  // namespace

void add_bridge_steps(const Surroundings& around, std::vector<RegisterStep>& steps) {
  const BridgeFiles files = BridgeFiles::here();
  const BridgeTrust trust = read_trust(files);
  if (trust.stale(std::time(nullptr)))
    steps.push_back(
        {"bridge", files.folder,
         tr("make a certificate for https://127.0.0.1 in {0}; the CA for it can name this computer "
            "alone, and its key is deleted at once",
            files.folder.string()),
         [=] { renew_trust(files, std::time(nullptr)); }});
  const fs::path chromium = around.home / ".pki" / "nssdb";
  std::error_code error;
  if (!fs::exists(chromium / "cert9.db", error))
    steps.push_back({"bridge", chromium,
                     tr("make {0}, where Chromium looks for certificates", chromium.string()), [=] {
                       make_chromium_database(chromium);
                       add_authority(chromium, files.authority());
                     }});
  for (const fs::path& database : browser_databases(around.home))
    if (trust.stale(std::time(nullptr)) || !trusts(database, trust.authority))
      steps.push_back({"bridge", database,
                       tr("make the browser of {0} trust it", database.string()),
                       [=] { add_authority(database, files.authority()); }});
  if (has_program("systemctl"))
    steps.push_back(
        {"bridge", kUnit, tr("start the service {0}, now and with each session", kUnit), [] {
           systemctl({"enable", "--now", kUnit});
         }});
}

void remove_bridge_steps(const Surroundings& around, std::vector<RegisterStep>& steps) {
  const BridgeFiles files = BridgeFiles::here();
  const BridgeTrust trust = read_trust(files);
  if (trust.authority.empty()) return;
  if (has_program("systemctl"))
    steps.push_back({"bridge", kUnit, tr("stop the service {0}", kUnit), [] {
                       systemctl({"disable", "--now", kUnit, "kilt-bridge.service"});
                     }});
  for (const fs::path& database : browser_databases(around.home))
    if (trusts(database, trust.authority))
      steps.push_back({"bridge", database,
                       tr("take the CA out of the browser of {0}", database.string()),
                       [=] { static_cast<void>(remove_authority(database)); }});
  steps.push_back({"bridge", files.folder, tr("remove {0}", files.folder.string()),
                   [=] { static_cast<void>(remove_trust(files)); }});
}

}  // namespace kilt::tool
