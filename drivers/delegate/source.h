// Where whole tokens come from: readers whose cards a foreign module serves, and the module's own
// slots as readers.
#pragma once

#include <memory>
#include <vector>

#include "apdu/reader.h"
#include "drivers/delegate/rule.h"
#include "drivers/token.h"

namespace kilt::delegate {

/// A connection that is no card, or not only one: the registry asks it for the token.
class TokenSource {
 public:
  TokenSource() = default;
  TokenSource(const TokenSource&) = delete;
  TokenSource& operator=(const TokenSource&) = delete;
  virtual ~TokenSource() = default;

  /// The token behind a connection without a card. Throws what Module::open throws,
  /// TokenNotRecognized if the module shows no such token.
  virtual std::unique_ptr<Token> open_token() = 0;
};

/// A connection to a card that has a module's help.
class Helped {
 public:
  Helped() = default;
  Helped(const Helped&) = delete;
  Helped& operator=(const Helped&) = delete;
  virtual ~Helped() = default;
  [[nodiscard]] virtual const Rule& rule() const noexcept = 0;
  [[nodiscard]] virtual const std::string& reader() const noexcept = 0;
};

/// Readers of `inner`; those that one of the rules is for are connected through it.
[[nodiscard]] std::unique_ptr<apdu::Transport> make_delegating_transport(
    std::unique_ptr<apdu::Transport> inner, std::vector<Rule> rules);

/// The slots of a rule's module as readers; each slot with a token is a card.
[[nodiscard]] std::unique_ptr<apdu::Transport> make_module_transport(Rule rule);

/// The module's slot for a card of ours: by the rule's label, the reader's name, the serial number
/// (if given), else the only one there is. Throws TokenNotRecognized.
[[nodiscard]] std::unique_ptr<Token> open_token_of(const Rule& rule, const std::string& reader,
                                                   const std::string& serial);

}  // namespace kilt::delegate
