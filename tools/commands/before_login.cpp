#include "tools/commands/before_login.h"

#include <algorithm>

namespace kilt::tool {
namespace {

/// Families whose storages show their keys to nobody without the password, or may.
bool may_hide(const TokenStatus& status) {
  return !status.known || status.family == "files" || status.family == "delegate";
}

}  // namespace

Seen seen_without_login(Session& session, const ChosenToken& token) {
  const TokenStatus status = read_status(session, token.token());
  if (may_hide(status)) return {};
  Seen seen{read_inventory(session), false};
  const Inventory& inventory = seen.inventory;
  seen.all = std::ranges::all_of(inventory.certificates, [&](const CertificateView& one) {
    return !one.info || one.info->authority || inventory.key_of(one) != nullptr;
  });
  return seen;
}

Inventory login_for(Context& context, Session& session, const ChosenToken& token,
                    const Choice& named, const Check& check) {
  if (!named.text().starts_with("pkcs11:"))
    if (const Seen seen = seen_without_login(session, token); seen.all) check(seen.inventory);
  context.login(session, token, Role::kUser);
  return read_inventory(session);
}

}  // namespace kilt::tool
