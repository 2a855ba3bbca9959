// What can be refused without the PIN is refused before it: a name that nothing has, a certificate
// for another token.
#pragma once

#include <functional>

#include "tools/commands/context.h"

namespace kilt::tool {

/// What a token shows without a login.
struct Seen {
  Inventory inventory;
  /// A login shows no further key or certificate, as far as can be told: the token's public keys
  /// and certificates are there to be read, and each certificate's key is among them.
  bool all = false;
};
Seen seen_without_login(Session& session, const ChosenToken& token);

/// Throws Failure if the command cannot be done with what lies on the token.
using Check = std::function<void(const Inventory&)>;

/// Calls `check` with what is seen without a login, if that is all; logs in as the user; returns
/// all. A key or certificate named by its pkcs11: URI (`named`) may be one that only a login shows.
/// Throws Failure, of `check` before the PIN is asked.
Inventory login_for(Context& context, Session& session, const ChosenToken& token,
                    const Choice& named, const Check& check);

}  // namespace kilt::tool
