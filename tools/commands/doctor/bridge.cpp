#include <ctime>
#include <fstream>
#include <sstream>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/commands/doctor/doctor.h"
#include "tools/terminal/process.h"
#include "tools/terminal/text.h"
#include "tools/trust/bridge_trust.h"
#include "tools/trust/browsers.h"
#include "tools/x509/certificate.h"

namespace kilt::tool {
namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t kPort = 13579;
constexpr std::uintmax_t kMaxFile = std::uintmax_t{1} << 20U;

bool somebody_listens() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool yes =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;  // NOLINT
  close(fd);
  return yes;
}

bool unit_is_active() {
  return has_program("systemctl") &&
         run_program({"systemctl", "--user", "is-active", "--quiet", "kilt-bridge.socket"}, true)
                 .code == 0;
}

void check_port(Checks& checks) {
  const bool ours = unit_is_active();
  const bool taken = somebody_listens();
  if (ours && taken) {
    checks.push_back({"bridge-port",
                      Health::kGood,
                      tr("kilt-bridge waits for web sites at port {0}.", kPort),
                      {},
                      {}});
  } else if (taken) {
    checks.push_back(
        {"bridge-port",
         Health::kNote,
         tr("A program that systemd did not start for kilt-bridge listens at port {0}: kilt-bridge "
            "run by hand, or NCALayer, or KAZTOKEN desktop.",
            kPort),
         tr("Close NCALayer or KAZTOKEN desktop, and do not let it start with the desktop."),
         {}});
  } else {
    checks.push_back(
        {"bridge-port",
         Health::kProblem,
         tr("Nothing listens at port {0}: sites say that NCALayer is not running.", kPort),
         "systemctl --user enable --now kilt-bridge.socket",
         {}});
  }
}

void check_trust(const Surroundings& around, const BridgeTrust& trust, Checks& checks) {
  const BridgeFiles files = BridgeFiles::here();
  for (const fs::path& database : browser_databases(around.home)) {
    const bool good = trusts(database, trust.authority);
    checks.push_back({"bridge-trust", good ? Health::kGood : Health::kProblem,
                      good
                          ? tr("The browser of {0} trusts kilt-bridge.", database.string())
                          : tr("The browser of {0} does not trust kilt-bridge.", database.string()),
                      good ? std::string() : "kilt register bridge",
                      [=] { add_authority(database, files.authority()); }});
  }
  checks.push_back(
      {"bridge-local-network",
       Health::kNote,
       tr("Chromium 147 and later ask for each site whether it may reach this computer (\"local "
          "network access\"), Firefox likewise. Who once refused sees \"NCALayer is not "
          "running\"."),
       tr("Click the symbol left of the address, and allow the local network for this site."),
       {}});
}

/// The sites that the user allowed.
void check_sites(const Surroundings& around, Checks& checks) {
  const char* named = secure_getenv("XDG_STATE_HOME");
  const fs::path state = named != nullptr && fs::path(named).is_absolute()
                             ? fs::path(named)
                             : around.home / ".local/state";
  const fs::path file = state / "kilt" / "bridge-origins.json";
  std::error_code error;
  if (!fs::is_regular_file(file, error) || fs::file_size(file, error) > kMaxFile) return;
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  const Json json = Json::parse(text.str(), nullptr, false);
  std::string sites;
  if (json.is_object())
    for (const auto& [origin, entry] : json.items())
      if (entry.is_object() && entry.value("allowed", Json(false)) == true)
        sites += (sites.empty() ? "" : ", ") + clean(origin);
  if (!sites.empty())
    checks.push_back(
        {"bridge-sites",
         Health::kGood,
         tr("Sites that may ask for keys: {0}. To forget them, delete {1}.", sites, file.string()),
         {},
         {}});
}

}  // namespace

void check_bridge(const Surroundings& around, Checks& checks) {
  const BridgeTrust trust = read_trust(BridgeFiles::here());
  if (trust.authority.empty()) return;  // it is off, as it comes
  checks.push_back({"bridge-certificate",
                    trust.stale(std::time(nullptr)) ? Health::kProblem : Health::kGood,
                    tr("The certificate of kilt-bridge is valid until {0}.", date(trust.not_after)),
                    trust.stale(std::time(nullptr)) ? "kilt register bridge" : "",
                    {}});
  check_port(checks);
  check_trust(around, trust, checks);
  check_sites(around, checks);
}

}  // namespace kilt::tool
