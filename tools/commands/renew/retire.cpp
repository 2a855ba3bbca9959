// kilt renew retire: deletes the old pairs, once the new ones are proved to work and to be the
// CA's.
#include <ctime>

#include "tools/commands/before_login.h"
#include "tools/commands/commands.h"
#include "tools/commands/confirmation.h"
#include "tools/commands/deletion.h"
#include "tools/commands/renew/renewal.h"
#include "tools/commands/report.h"
#include "tools/terminal/text.h"
#include "tools/x509/trust.h"
#include "tools/x509/trust_store.h"

namespace kilt::tool {
namespace {

struct RetireOptions {
  std::string authorities;
};

/// A pair that serves both purposes is old only if neither needs it.
std::vector<PairView> old_pairs(const RenewalState& state) {
  std::vector<PairView> old;
  for (const Purpose purpose : kKitPurposes)
    for (const PairView& pair : state.of(purpose).older) {
      const bool needed = std::ranges::any_of(kKitPurposes, [&](Purpose other) {
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

class Retirement {
 public:
  Retirement(Context& context, const RetireOptions& options)
      : context_(context),
        token_(context.token()),
        session_(context.module(), token_.id(), Session::Mode::kWrite) {
    if (!options.authorities.empty()) trusted_ = certificates_in(read_file(options.authorities));
  }

  void run() {
    if (const Seen seen = seen_without_login(session_, token_);
        seen.all && old_pairs(renewal_state(seen.inventory, token_.token())).empty())
      return nothing();
    context_.login(session_, token_, Role::kUser);
    const Inventory inventory = read_inventory(session_);
    const RenewalState state = renewal_state(inventory, token_.token());
    const std::vector<PairView> old = old_pairs(state);
    if (old.empty()) return nothing();
    Output& out = context_.out();
    Json document = context_.document();
    document["deleted"] = Json::array();
    for (const Purpose purpose : kKitPurposes)
      if (!state.of(purpose).older.empty()) prove_new(state.of(purpose), purpose);
    show(old);
    const Inventory now = ask(inventory, old);
    for (const PairView& pair : old_pairs(renewal_state(now, token_.token()))) {
      document["deleted"].push_back(certificate_json(context_, token_, *pair.certificate));
      // The key first: a certificate without its key is seen as the leftover it is, whereas a key
      // without its certificate would look like one that waits.
      if (pair.key != nullptr) delete_key(session_, *pair.key);
      session_.destroy(pair.certificate->handle);
    }
    out.line(out.paint(Colour::kGood,
                       trn("{0} old pair is deleted.", "{0} old pairs are deleted.", old.size())));
    out.document(document);
  }

 private:
  void nothing() {
    Json document = context_.document();
    document["deleted"] = Json::array();
    context_.out().line(tr("There is no old pair that a newer one replaces."));
    context_.out().document(document);
  }

  /// The new pair must be valid today, of a CA that may replace the old one's, and really sign.
  void prove_new(const PurposeState& state, Purpose purpose) {
    const PairView& current = *state.current;
    const CertificateInfo& info = *current.certificate->info;
    const std::time_t now = std::time(nullptr);
    if (info.not_after < now || info.not_before > now)
      throw Failure(Kind::kRefused,
                    tr("The newer certificate for {0} is not valid today.", purpose_text(purpose)));
    if (!trusted_.empty()) {
      static_cast<void>(check_chain(info.der, trusted_, {}));
    } else if (!is_of_trusted_ca(info.der)) {
      for (const PairView& pair : state.older)
        if (!same_issuer(info.der, pair.certificate->der))
          throw Failure(
              Kind::kRefused,
              tr("The newer certificate for {0} is by another CA than the old one: {1}. Nothing "
                 "was deleted.",
                 purpose_text(purpose), context_.personal(info.issuer)),
              tr("If that CA is the right one, give its certificates: --ca FILE"));
    }
    if (prove(session_, current) != Verification::kFits)
      throw Failure(Kind::kRefused,
                    tr("A test signature with the new key for {0} could not be verified: its "
                       "algorithm is not known here. Nothing was deleted.",
                       purpose_text(purpose)),
                    tr("The old pairs do no harm; `kilt key delete` takes one that you name."));
  }

  /// One that `kilt trust` keeps may replace any other.
  static bool is_of_trusted_ca(BytesView certificate) {
    try {
      static_cast<void>(check_chain(certificate, trusted_ders(), {}));
      return true;
    } catch (const Failure&) {
      return false;
    }
  }

  void show(const std::vector<PairView>& old) {
    Output& out = context_.out();
    out.note(
        tr("The new pairs work. These are deleted, for good; what was encrypted for their keys "
           "cannot be read any more:"));
    for (const PairView& pair : old)
      out.note(fmt::format("  {}, {}, {}", context_.personal(pair.certificate->info->common_name),
                           purpose_text(*pair.certificate->info),
                           expiry_text(*pair.certificate->info)));
  }

  Inventory ask(const Inventory& inventory, const std::vector<PairView>& old) {
    const auto describe = [&](const Inventory& one) {
      std::string text;
      const RenewalState state = renewal_state(one, token_.token());
      std::vector<PairView> pairs = old_pairs(state);
      for (const Purpose purpose : kKitPurposes)
        if (state.of(purpose).current) pairs.push_back(*state.of(purpose).current);
      for (const PairView& pair : pairs)
        text += description_of(*pair.certificate) +
                (pair.key == nullptr ? "-\n" : description_of(*pair.key));
      return text;
    };
    Inventory now = confirm_unchanged(context_, session_, token_, inventory,
                                      tr("Type \"delete\" to delete them"), "delete", describe);
    long longest = 0;
    const std::time_t today = std::time(nullptr);
    for (const PairView& pair : old)
      longest = std::max(longest, pair.certificate->info->days_left(today));
    if (stage_of(longest) != Stage::kNone) return now;
    return confirm_unchanged(
        context_, session_, token_, now,
        tr("An old certificate is still valid for {0} days. Type that number to delete it "
           "nevertheless",
           longest),
        std::to_string(longest), describe);
  }

  Context& context_;
  ChosenToken token_;
  Session session_;
  std::vector<Bytes> trusted_;
};

}  // namespace

void add_renew_retire(CLI::App& renew, Context& context) {
  auto options = std::make_shared<RetireOptions>();
  CLI::App* command = renew.add_subcommand(
      "retire", tr("Delete the old pairs, when the new ones are proved to work"));
  command->add_option("--ca", options->authorities,
                      tr("File with the CA's certificates, if the CA is another one than before"));
  set_action(*command, context, [&context, options] { Retirement(context, *options).run(); });
}

}  // namespace kilt::tool
