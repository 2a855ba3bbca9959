// Where a renewal stands. The token's keys and certificates are the record; which keys were made
// for the renewal is also kept in $XDG_STATE_HOME/kilt, since not every card keeps their labels.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/commands/context.h"
#include "tools/signing/verification.h"
#include "tools/x509/nca.h"

namespace kilt::tool {

/// "AUTH_RSA256", "RSA256" for the two keys of the CA's kit of RSA, "GOST512" for its one key that
/// is for both: how it names their files.
const char* kit_name(Purpose purpose) noexcept;

struct PairView {
  const KeyView* key =
      nullptr;  ///< nullptr: the certificate's key is not on the token, or not seen
  const CertificateView* certificate = nullptr;  ///< parsed
};

struct PurposeState {
  std::optional<PairView> current;  ///< with key, the one that is valid longest
  std::vector<PairView> older;      ///< superseded by current: same owner, ends earlier
  /// Made for this purpose, or for both, by `kilt renew request`, no certificate.
  const KeyView* pending = nullptr;
};

struct RenewalState {
  PurposeState auth, sign;
  /// Keys without a certificate that no request of this tool made.
  std::vector<const KeyView*> other_pending;

  /// Of kBoth: that of signatures.
  [[nodiscard]] const PurposeState& of(Purpose purpose) const {
    return purpose == Purpose::kAuth ? auth : sign;
  }
};

/// One person's certificates: by the number the state gave, else by name.
bool same_owner(const CertificateInfo& one, const CertificateInfo& other);

RenewalState renewal_state(const Inventory& inventory, const SlotView::Token& token);
/// The same where no key is seen, as in a key file before login: by the certificates alone, whose
/// pairs have no keys then.
RenewalState state_by_certificates(const Inventory& inventory, const SlotView::Token& token);

/// The purpose for which `kilt renew request` made the key: by its label, or as remembered.
/// nullopt: it did not.
std::optional<Purpose> made_for(const KeyView& key, const SlotView::Token& token);
/// The key that waits for a certificate of exactly this purpose; nullptr: none does.
const KeyView* waiting_for(const Inventory& inventory, Purpose purpose,
                           const SlotView::Token& token);
/// Remembers that the key was made for the purpose.
void remember_key(const KeyView& key, const SlotView::Token& token, Purpose purpose);

/// The label of a key made today for this purpose.
std::string new_key_label(Purpose purpose);

/// Signs something random with the key and verifies it with the certificate: kFits, or kNotComputed
/// where nothing here knows the algorithm. Throws Failure if it does not fit.
Verification prove(Session& session, const PairView& pair);

/// The subcommands, one file each.
void add_renew_status(CLI::App& renew, Context& context);
void add_renew_request(CLI::App& renew, Context& context);
void add_renew_import(CLI::App& renew, Context& context);
void add_renew_retire(CLI::App& renew, Context& context);

}  // namespace kilt::tool
