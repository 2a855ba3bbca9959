// What every subcommand shares: the global options, the module, the chosen token, its PINs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/inventory.h"
#include "tools/output.h"
#include "tools/pin_policy.h"
#include "tools/select.h"
#include "tools/status.h"

namespace kilt::tool {

struct GlobalOptions {
  std::string module;      ///< --module
  std::string sockets;     ///< --sockets
  std::string conf;        ///< --conf
  std::string token;       ///< --token
  std::string pin_source;  ///< --pin-source
  std::string so_pin_source;
  std::string default_pin;  ///< "": not given, "true": given without a name
  std::string default_so_pin;
  bool json = false, last_try = false, yes = false, show_ids = false;
};

/// The token a command works on.
struct ChosenToken {
  SlotView slot;
  [[nodiscard]] const SlotView::Token& token() const { return *slot.token; }
  [[nodiscard]] CK_SLOT_ID id() const noexcept { return slot.id; }
};

class Context {
 public:
  GlobalOptions options;
  std::string command;  ///< "pin change", for JSON

  /// Made at first use, when the options are parsed.
  Output& out();
  /// Loaded at first use. Throws Failure(kModule).
  Module& module();
  /// The file that --module, KILT_MODULE or the place of this program names.
  [[nodiscard]] std::string module_path() const;

  /// The slots that --token fits (all without it).
  std::vector<SlotView> slots();
  /// The one token meant. Throws Failure(kNotFound) for none or several.
  ChosenToken token();
  /// As token(), and the token may be one that nobody has initialised.
  ChosenToken token_to_init();

  /// Logs in once with the PIN that the options name or the user types. Refuses the last try
  /// without --last-try. Afterwards warns of a factory PIN.
  void login(Session& session, const ChosenToken& token, Role role);
  /// A PIN to be verified, checked against the tries left.
  Secret pin(const ChosenToken& token, const TokenStatus& status, Role role);
  /// A new PIN: from `source`, else typed twice; checked by the policy.
  Secret new_pin(const ChosenToken& token, const std::string& question, const std::string& source,
                 const Secret* old_pin, bool allow_weak);
  /// The question must be answered by typing `expected`, unless --yes. Throws Failure(kRefused).
  void confirm(const std::string& question, const std::string& expected) const;
  /// The line with personal numbers hidden, unless --show-ids.
  [[nodiscard]] std::string personal(const std::string& line) const;
  /// A document of this command: {"kilt": 1, "command": …}.
  [[nodiscard]] Json document() const;

 private:
  std::optional<Output> out_;
  std::unique_ptr<Module> module_;
};

/// The failure of a wrong PIN, with the tries that are left now.
Failure with_tries(const Failure& failure, const PinState& state);

/// Reads a whole file ("-": standard input), at most 16 MiB. Throws Failure(kBadInput).
Bytes read_file(const std::string& path);
/// Writes a file ("-" or empty: standard output). `mode` of a new file. Throws Failure(kBadInput).
void write_file(const std::string& path, BytesView contents, unsigned mode = 0644);
/// Writes beside and renames: whole or not at all.
void replace_file(const std::string& path, BytesView contents, unsigned mode = 0644);

}  // namespace kilt::tool
