// Where a renewal stands. There is no record beside the token: its keys and certificates are it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/context.h"
#include "tools/nca.h"

namespace kilt::tool {

/// The two keys of the CA's RSA kit, by the CA's own names for them.
enum class Side { kAuth, kSign };
inline constexpr std::array kSides{Side::kAuth, Side::kSign};

/// "AUTH_RSA256", "RSA256": how the CA names the files of the two.
const char* side_name(Side side) noexcept;
/// "login" or "signature", translated.
std::string side_text(Side side);
/// The certificate's purpose is this side's, or both.
bool serves(const CertificateInfo& certificate, Side side);

struct PairView {
  const KeyView* key =
      nullptr;  ///< nullptr: the certificate's key is not on the token, or not seen
  const CertificateView* certificate = nullptr;  ///< parsed
};

struct SideState {
  std::optional<PairView> current;   ///< with key, the one that is valid longest
  std::vector<PairView> older;       ///< superseded by current: same owner, ends earlier
  const KeyView* pending = nullptr;  ///< made for this side by `kilt renew request`, no certificate
};

struct RenewalState {
  SideState auth, sign;
  /// Keys without a certificate that no request of this tool made.
  std::vector<const KeyView*> other_pending;

  [[nodiscard]] const SideState& of(Side side) const { return side == Side::kAuth ? auth : sign; }
};

RenewalState renewal_state(const Inventory& inventory);

/// The label of a key made today for this side.
std::string new_key_label(Side side);

/// Signs something random with the key and verifies it with the certificate. Throws Failure.
void prove(Session& session, const PairView& pair);

/// The subcommands, one file each.
void add_renew_status(CLI::App& renew, Context& context);
void add_renew_request(CLI::App& renew, Context& context);
void add_renew_import(CLI::App& renew, Context& context);
void add_renew_retire(CLI::App& renew, Context& context);

}  // namespace kilt::tool
