#include "tools/trust/bridge_trust.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tools/terminal/failure.h"
#include "tools/terminal/files.h"
#include "tools/terminal/text.h"
#include "tools/trust/browsers.h"
#include "tools/trust/local_ca.h"
#include "tools/x509/certificate.h"

namespace kilt::tool {
namespace {

namespace fs = std::filesystem;

constexpr std::time_t kFresh = std::time_t{30} * 24 * 60 * 60;
constexpr std::uintmax_t kMaxFile = 65536;

/// The first certificate; empty: none, or damaged.
Bytes certificate_in(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) > kMaxFile) return {};
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  try {
    return certificates_in(view(text.str())).front();
  } catch (const Failure&) {
    return {};
  }
}

}  // namespace

BridgeFiles BridgeFiles::here() {
  const char* data = secure_getenv("XDG_DATA_HOME");
  if (data != nullptr && fs::path(data).is_absolute()) return {fs::path(data) / "kilt" / "bridge"};
  const char* home = secure_getenv("HOME");
  return {fs::path(home == nullptr ? "/nonexistent" : home) / ".local/share/kilt/bridge"};
}

bool BridgeTrust::stale(std::time_t now) const noexcept {
  return authority.empty() || not_after - now < kFresh;
}

BridgeTrust read_trust(const BridgeFiles& files) {
  const Bytes authority = certificate_in(files.authority());
  const Bytes server = certificate_in(files.server());
  std::error_code error;
  if (authority.empty() || server.empty() || !fs::is_regular_file(files.key(), error)) return {};
  return {authority, parse_certificate(server).not_after};
}

void renew_trust(const BridgeFiles& files, std::time_t now) {
  std::error_code error;
  fs::create_directories(files.folder, error);
  fs::permissions(files.folder, fs::perms::owner_all, error);
  const LocalCertificates made = make_local_certificates(now);
  // The key last but one: a service that starts in between finds a pair or fails, and says so.
  write_file(files.authority().string(), view(to_pem("CERTIFICATE", made.authority)));
  write_file(files.key().string(), made.key.bytes());
  write_file(files.server().string(), view(to_pem("CERTIFICATE", made.server)));
}

bool remove_trust(const BridgeFiles& files) {
  std::error_code error;
  bool any = false;
  for (const fs::path& path : {files.key(), files.server(), files.authority()})
    any = fs::remove(path, error) || any;
  fs::remove(files.folder, error);
  return any;
}

std::vector<std::string> tell_browsers(const BridgeFiles& files,
                                       const std::vector<fs::path>& databases) {
  std::vector<std::string> problems;
  const BridgeTrust trust = read_trust(files);
  for (const fs::path& database : databases) {
    try {
      if (!trusts(database, trust.authority)) add_authority(database, files.authority());
    } catch (const Failure& failure) {
      problems.push_back(std::string(failure.what()) + ' ' + failure.advice());
    }
  }
  return problems;
}

}  // namespace kilt::tool
