// What `kilt register bridge` makes and kilt-bridge keeps fresh: certificates in a folder of the
// user's, and the browsers that trust them.
#pragma once

#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tools/terminal/bytes.h"

namespace kilt::tool {

/// The files of the service, in $XDG_DATA_HOME/kilt/bridge.
struct BridgeFiles {
  std::filesystem::path folder;
  [[nodiscard]] std::filesystem::path authority() const { return folder / "ca.pem"; }
  [[nodiscard]] std::filesystem::path server() const { return folder / "server.pem"; }
  [[nodiscard]] std::filesystem::path key() const { return folder / "server.key"; }
  /// Of this user, from the environment.
  static BridgeFiles here();
};

struct BridgeTrust {
  Bytes authority;            ///< DER; empty: not registered
  std::time_t not_after = 0;  ///< of the server's certificate
  /// Less than 30 days are left, or there is none.
  [[nodiscard]] bool stale(std::time_t now) const noexcept;
};

/// What is there. Damaged files are as if there were none.
BridgeTrust read_trust(const BridgeFiles& files);

/// Makes new certificates, mode 0600 in a folder of mode 0700. Throws Failure(kBadInput).
void renew_trust(const BridgeFiles& files, std::time_t now);
/// Removes the files. false: there were none.
bool remove_trust(const BridgeFiles& files);

/// Puts the present CA into every database that lacks it; gives what went wrong, one line each.
std::vector<std::string> tell_browsers(const BridgeFiles& files,
                                       const std::vector<std::filesystem::path>& databases);

}  // namespace kilt::tool
