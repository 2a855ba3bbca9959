#include "tools/commands/confirmation.h"

#include "tools/terminal/text.h"

namespace kilt::tool {

Inventory confirm_unchanged(Context& context, Session& session, const ChosenToken& token,
                            const Inventory& shown, const std::string& question,
                            const std::string& expected, const Describe& describe) {
  const std::string before = describe(shown);
  if (!context.confirm(question, expected)) return shown;
  context.same_token(token);
  session.ask_anew();
  Inventory now = read_inventory(session);
  bool same = false;
  try {
    same = describe(now) == before;
  } catch (const Failure& failure) {
    if (failure.kind() != Kind::kNotFound) throw;
  }
  if (!same)
    throw Failure(Kind::kRefused,
                  tr("What was confirmed has changed on the token meanwhile; nothing was done."),
                  tr("`kilt list` shows what is there now."));
  return now;
}

std::string description_of(const KeyView& key) {
  // By the public key; of one that does not give it, by the handle, which is never reused.
  return fmt::format(
      "key {} '{}' {} {}\n", to_hex(key.id), key.label, key.algorithm,
      key.spki.empty() ? fmt::format("{}/{}", key.private_key, key.public_key) : to_hex(key.spki));
}

std::string description_of(const CertificateView& certificate) {
  return fmt::format("certificate {} '{}' {}\n", to_hex(certificate.id), certificate.label,
                     to_hex(certificate.der));
}

}  // namespace kilt::tool
