// The configuration file kilt.toml (design decisions 9, 10, 13, 14). Documented line by line in
// conf/kilt.toml.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "drivers/delegate/rule.h"

namespace kilt::p11 {

struct Config {
  enum class LogTarget { kNone, kSyslog, kFile };
  enum class DefaultPin { kWarn, kRefuse };
  enum class Logout { kCard, kOwn };

  LogTarget log_target = LogTarget::kNone;
  std::string log_file;
  std::string trace_file;  ///< empty: no trace
  DefaultPin default_pin = DefaultPin::kWarn;
  bool allow_default_pin = false;  ///< a factory PIN may be set as the new PIN
  bool allow_last_try = true;
  /// C_InitToken erases although the SO PIN in force was not verified; the PIN it gets becomes the
  /// new one. From the environment only (KILT_ERASE_WITHOUT_SO_PIN=1): for one command, not for
  /// good.
  bool erase_without_so_pin = false;
  Logout logout = Logout::kCard;
  std::vector<std::filesystem::path> profile_folders;  ///< later ones win
  std::vector<std::string> sockets;                    ///< virtual tokens (KILT_SOCKETS)
  /// Where public objects are remembered; empty: nowhere.
  std::filesystem::path cache_folder;
  bool cache = true;
  /// How long a list of objects is taken for the present one without asking the token.
  std::chrono::milliseconds recheck{1000};
  /// How long another program may hold a token; nothing: as apdu/patience.h has it. From the
  /// environment only (KILT_PATIENCE, milliseconds): for one command.
  std::optional<std::chrono::milliseconds> patience;
  bool pcsc = true;                       ///< use PC/SC readers
  std::vector<delegate::Rule> delegates;  ///< [[delegate]]
  /// Profiles whose commands the user accepts although they are not verified.
  std::vector<std::string> unverified_profiles;
  /// PKCS#12 files and folders of them, each file a token ([files] folders, KILT_FILES).
  std::vector<std::filesystem::path> files;
  std::filesystem::path certificates;  ///< folder for certificates that a card cannot keep
  /// What was wrong with the file: logged; the defaults stand in for the broken part.
  std::vector<std::string> problems;

  /// Reads KILT_CONF, else the user's, else the system's file, and the environment. Environment
  /// counts only where secure_getenv trusts it. Never throws for a bad file.
  static Config load();
};

}  // namespace kilt::p11
