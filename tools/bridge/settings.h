// [bridge] of kilt.toml, as conf/kilt.toml documents it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace kilt::bridge {

struct Settings {
  std::uint16_t port = 13579;
  std::string module;  ///< the PKCS#11 module; empty: Kilt's
  std::string dialog = "kilt-dialog";
  std::vector<std::string> allow, deny;  ///< origins; "https://*.gov.kz" stands for its subdomains
  bool ask = true;         ///< an origin that neither list names is asked about; false: refused
  bool no_origin = false;  ///< pages and programs without an Origin header are served
  std::vector<std::string> modules;   ///< further modules: "NURSign"
  std::string tsa;                    ///< URL of the time stamp service; empty: none
  std::filesystem::path state;        ///< what is remembered
  std::vector<std::string> problems;  ///< what was wrong in the file; defaults stand in

  /// KILT_CONF, else the user's kilt.toml, else the system's: the first that exists, alone.
  static Settings load();
  /// From the text of a kilt.toml; folders from the environment.
  static Settings parse(const std::string& toml);
};

}  // namespace kilt::bridge
