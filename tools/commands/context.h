// What every subcommand shares: the global options, the module, the chosen token, its PINs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/client/inventory.h"
#include "tools/client/select.h"
#include "tools/client/status.h"
#include "tools/commands/pin_policy.h"
#include "tools/terminal/files.h"
#include "tools/terminal/output.h"

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
  unsigned wait = 0;  ///< --wait: seconds until a token is there
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

  /// Once, when the options are parsed, before anything is asked: what they name is checked, and
  /// the module's environment set. Throws Failure.
  void prepare() const;
  /// Made at first use.
  Output& out();
  /// Loaded at first use. Throws Failure(kModule).
  Module& module();
  /// The file that --module, KILT_MODULE or the place of this program names.
  [[nodiscard]] std::string module_path() const;

  /// The slots that --token fits (all without it). A token that was in another reader when kilt
  /// last looked is not asked, if the one that is meant is found. Waits with --wait.
  std::vector<SlotView> slots();
  /// The one token meant. Throws Failure(kNotFound) for none or several.
  ChosenToken token();
  /// For --all: every initialised token that --token fits. Throws Failure(kNotFound) for none.
  std::vector<ChosenToken> tokens();
  /// As token(), and the token may be one that is not initialised.
  ChosenToken token_to_init();

  /// The slot as it is now. Throws Failure(kRefused) if another token is in it, or none: whatever
  /// was chosen, shown or confirmed was about that one.
  SlotView same_token(const ChosenToken& token);
  /// Logs in once with the PIN that the options name or the user types. Refuses the last try
  /// without --last-try. Afterwards warns of a factory PIN.
  void login(Session& session, const ChosenToken& token, Role role);
  /// `call` sends a PIN. Right before it the token is compared and its tries are asked anew: others
  /// may have spent them while a prompt stood. Afterwards a failure says what is left, and it is
  /// remembered where the card shows no counter.
  void spend_try(Session& session, const ChosenToken& token, Role role,
                 const std::function<void()>& call);
  /// A PIN was set anew and has all its tries: remembered where the card shows no counter.
  void pin_was_set(Session& session, const ChosenToken& token, Role role);
  /// A PIN to be verified, checked against the tries left.
  Secret pin(const ChosenToken& token, const TokenStatus& status, Role role);
  /// A new PIN: from `source`, else typed twice; checked by the policy.
  Secret new_pin(const ChosenToken& token, const std::string& question, const std::string& source,
                 const Secret* old_pin, bool allow_weak);
  /// The question must be answered by typing `expected`, unless --yes. Throws Failure(kRefused).
  /// What was confirmed may have changed meanwhile: see commands/confirmation.h. True: it was
  /// asked.
  bool confirm(const std::string& question, const std::string& expected) const;
  /// The line with personal numbers hidden, unless --show-ids.
  [[nodiscard]] std::string personal(const std::string& line) const;
  /// A document of this command: {"kilt": 1, "command": …}.
  [[nodiscard]] Json document() const;

 private:
  enum class Look { kLikely, kEvery };
  std::vector<SlotView> slots(Look look);
  std::vector<SlotView> look_at_slots(Look look);
  /// Why none of these is a token to work on.
  [[nodiscard]] Failure no_token(const std::vector<SlotView>& all) const;
  /// A number from 1 to `most`, asked for on a terminal below `list`; 0: none was given.
  std::size_t ask_number(const std::string& list, std::size_t most);
  /// Asks whether a PIN may be sent to a card whose tries left are unknown.
  void ask_consent(const TokenStatus& status, Role role) const;

  std::optional<Output> out_;
  std::unique_ptr<Module> module_;
};

/// The failure of a wrong PIN of this role, with the tries that are left now.
Failure with_tries(const Failure& failure, const PinState& state, Role role);

}  // namespace kilt::tool
