// kilt renew retire: deletes the old pairs, once the new ones are proved to work.
#include "tools/commands.h"
#include "tools/deletion.h"
#include "tools/renewal.h"
#include "tools/report.h"
#include "tools/text.h"

namespace kilt::tool {
namespace {

/// A pair that serves both sides is old only if neither needs it.
std::vector<PairView> old_pairs(const RenewalState& state) {
  std::vector<PairView> old;
  for (const Side side : kSides)
    for (const PairView& pair : state.of(side).older) {
      const bool needed = std::ranges::any_of(kSides, [&](Side other) {
        const auto& current = state.of(other).current;
        return current && (current->certificate == pair.certificate ||
                           (pair.key != nullptr && current->key == pair.key));
      });
      const bool listed = std::ranges::any_of(
          old, [&](const PairView& one) { return one.certificate == pair.certificate; });
      if (!needed && !listed) old.push_back(pair);
    }
  return old;
}

void run(Context& context) {
  const ChosenToken token = context.token();
  Session session(context.module(), token.id(), Session::Mode::kWrite);
  context.login(session, token, Role::kUser);
  const Inventory inventory = read_inventory(session);
  const RenewalState state = renewal_state(inventory);
  const std::vector<PairView> old = old_pairs(state);
  Output& out = context.out();
  Json document = context.document();
  document["deleted"] = Json::array();
  if (old.empty()) {
    out.line(tr("There is no old pair that a newer one replaces."));
    out.document(document);
    return;
  }
  const std::time_t now = std::time(nullptr);
  for (const Side side : kSides) {
    const auto& current = state.of(side).current;
    if (!current || state.of(side).older.empty()) continue;
    if (current->certificate->info->not_after < now || current->certificate->info->not_before > now)
      throw Failure(Kind::kRefused,
                    tr("The newer certificate for {0} is not valid today.", side_text(side)));
    prove(session, *current);
  }
  out.note(
      tr("The new pairs work. These are deleted, for good; what was encrypted for their keys "
         "cannot be read any more:"));
  for (const PairView& pair : old)
    out.note(fmt::format("  {}, {}, {}", context.personal(pair.certificate->info->common_name),
                         purpose_text(*pair.certificate->info),
                         expiry_text(*pair.certificate->info)));
  context.confirm(tr("Type \"delete\" to delete them"), "delete");
  for (const PairView& pair : old) {
    document["deleted"].push_back(certificate_json(context, token, *pair.certificate));
    // The key first: a certificate without its key is seen as the leftover it is, whereas a key
    // without its certificate would look like one that waits.
    if (pair.key != nullptr) delete_key(session, *pair.key);
    session.destroy(pair.certificate->handle);
  }
  out.line(out.paint(Colour::kGood,
                     trn("{0} old pair is deleted.", "{0} old pairs are deleted.", old.size())));
  out.document(document);
}

}  // namespace

void add_renew_retire(CLI::App& renew, Context& context) {
  CLI::App* command = renew.add_subcommand(
      "retire", tr("Delete the old pairs, when the new ones are proved to work"));
  set_action(*command, context, [&context] { run(context); });
}

}  // namespace kilt::tool
