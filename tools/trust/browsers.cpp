#include "tools/trust/browsers.h"

#include <algorithm>
#include <array>

#include "tools/terminal/failure.h"
#include "tools/terminal/process.h"
#include "tools/terminal/text.h"
#include "tools/x509/certificate.h"

namespace kilt::tool {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNickname = "Kilt on this computer";
constexpr std::size_t kMaxDatabases = 100;
constexpr int kMaxOld = 20;  // CAs of earlier years

/// Folders that are databases themselves.
constexpr std::array kDatabases{".pki/nssdb", "snap/chromium/current/.pki/nssdb",
                                ".var/app/org.chromium.Chromium/.pki/nssdb",
                                ".var/app/com.google.Chrome/.pki/nssdb"};
/// Folders of profiles, each with a database.
constexpr std::array kProfiles{".mozilla/firefox",
                               ".config/mozilla/firefox",
                               "snap/firefox/common/.mozilla/firefox",
                               ".var/app/org.mozilla.firefox/.mozilla/firefox",
                               ".var/app/org.mozilla.firefox/config/mozilla/firefox",
                               ".librewolf",
                               ".var/app/io.gitlab.librewolf-community/.librewolf",
                               ".waterfox"};

ProcessResult certutil(const fs::path& database, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"certutil", "-d", "sql:" + database.string()});
  ProcessResult result = run_program(arguments, true);
  if (result.code == 127)
    throw Failure(Kind::kModule, tr("certutil is not installed."),
                  tr("Install the package libnss3-tools."));
  return result;
}

}  // namespace

std::vector<fs::path> browser_databases(const fs::path& home) {
  std::vector<fs::path> found;
  const auto add = [&](const fs::path& folder) {
    std::error_code error;
    if (found.size() < kMaxDatabases && fs::is_regular_file(folder / "cert9.db", error))
      found.push_back(folder);
  };
  for (const char* database : kDatabases) add(home / database);
  for (const char* profiles : kProfiles) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(home / profiles, error)) {
      std::error_code ignored;
      if (entry.is_directory(ignored)) add(entry.path());
    }
  }
  std::ranges::sort(found);
  return found;
}

bool trusts(const fs::path& database, BytesView authority) {
  const auto result = certutil(database, {"-L", "-n", kNickname, "-a"});
  if (result.code != 0) return false;
  try {
    const auto found = certificates_in(view(result.output));
    return std::ranges::any_of(
        found, [&](const Bytes& der) { return std::ranges::equal(der, authority); });
  } catch (const Failure&) {
    return false;
  }
}

void add_authority(const fs::path& database, const fs::path& authority_pem) {
  static_cast<void>(remove_authority(database));
  const auto result =
      certutil(database, {"-A", "-n", kNickname, "-t", "C,,", "-a", "-i", authority_pem.string()});
  if (result.code != 0)
    throw Failure(
        Kind::kModule,
        tr("certutil cannot write into {0}: {1}", database.string(), clean(result.output)),
        tr("Close the browser and try again; a database with a master password must be "
           "served by hand."));
}

bool remove_authority(const fs::path& database) {
  int removed = 0;
  while (removed < kMaxOld && certutil(database, {"-D", "-n", kNickname}).code == 0) ++removed;
  return removed > 0;
}

}  // namespace kilt::tool
