// Tokens that another PKCS#11 module serves: alone, or beside Kilt's own driver.
#pragma once

#include <memory>
#include <vector>

#include "drivers/delegate/rule.h"
#include "drivers/source.h"

namespace kilt::delegate {

/// Readers of `inner`; in those that one of the rules is for, the module serves the token alone or
/// does what Kilt's own driver cannot (Rule::serve). The first rule that matches counts.
[[nodiscard]] std::unique_ptr<TokenSource> make_delegated_source(std::unique_ptr<TokenSource> inner,
                                                                 std::vector<Rule> rules);

/// The slots of a rule's module that have a token. The module is loaded when its readers are first
/// asked for; while it cannot be, there are none.
[[nodiscard]] std::unique_ptr<TokenSource> make_module_source(Rule rule);

/// The module's token for a card of ours: by the rule's label, the reader's name, the serial number
/// (if given), else the only one there is. Throws what Module::open throws, TokenNotRecognized.
[[nodiscard]] std::unique_ptr<Token> open_token_of(const Rule& rule, const std::string& reader,
                                                   const std::string& serial);

}  // namespace kilt::delegate
