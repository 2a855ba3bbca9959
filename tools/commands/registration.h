// Where programs look for PKCS#11 modules: p11-kit, NSS databases, OpenSSL's configuration. Read by
// `kilt doctor`, changed by `kilt register` and `kilt unregister`.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kilt::tool {

/// The system's folders, below a root that tests may move, and the user's.
struct Surroundings {
  std::filesystem::path root = "/";
  std::filesystem::path home, config;  ///< $HOME; $XDG_CONFIG_HOME or ~/.config

  /// From the environment.
  static Surroundings here(const std::filesystem::path& root);
  [[nodiscard]] std::filesystem::path at(const std::string& absolute) const;
};

enum class Registered { kNo, kYes, kBroken };

struct Registration {
  Registered state = Registered::kNo;
  std::filesystem::path where;  ///< the file that registers, or would
  std::string module;           ///< what it names, if anything
};

/// p11-kit's module files: the user's, the system's.
Registration p11kit_registration(const Surroundings& around, const std::string& module);
void register_p11kit(const Surroundings& around, const std::string& module);
/// Only the user's file, and only if it is ours.
bool unregister_p11kit(const Surroundings& around);

/// Folders with an NSS database: ~/.pki/nssdb, Firefox' and Thunderbird's profiles.
std::vector<std::filesystem::path> nss_databases(const Surroundings& around);
/// The Firefox or Thunderbird that runs with this profile: its process; 0 for none. It writes what
/// it knows of modules when it ends, and reads it only when it starts.
int user_of_profile(const Surroundings& around, const std::filesystem::path& database);
Registration nss_registration(const std::filesystem::path& database, const std::string& module);
/// Runs modutil. Throws Failure.
void register_nss(const std::filesystem::path& database, const std::string& module);
void unregister_nss(const std::filesystem::path& database);

/// The configuration file for OpenSSL that `kilt register openssl` writes: of the engine, of the
/// provider, of both, as they are installed.
std::filesystem::path openssl_file(const Surroundings& around);
Registration openssl_registration(const Surroundings& around, const std::string& module);
void register_openssl(const Surroundings& around, const std::string& module);
bool unregister_openssl(const Surroundings& around);
/// The pkcs11 engine; empty if it is not installed.
std::filesystem::path openssl_engine(const Surroundings& around);
/// The same of the pkcs11 provider.
std::filesystem::path openssl_provider(const Surroundings& around);

}  // namespace kilt::tool
