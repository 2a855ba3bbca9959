#include "tools/renewal.h"

#include <algorithm>
#include <ctime>

#include <openssl/rand.h>

#include "tools/signer.h"
#include "tools/text.h"

namespace kilt::tool {
namespace {

/// One person's certificates: by the number the state gave, else by name.
bool same_owner(const CertificateInfo& one, const CertificateInfo& other) {
  if (!one.iin.empty() || !other.iin.empty()) return one.iin == other.iin && one.bin == other.bin;
  return one.common_name == other.common_name && one.organisation == other.organisation;
}

SideState side_state(const Inventory& inventory, Side side) {
  std::vector<PairView> pairs;
  for (const CertificateView& certificate : inventory.certificates)
    if (certificate.info && serves(*certificate.info, side))
      pairs.push_back({inventory.key_of(certificate), &certificate});
  std::ranges::stable_sort(pairs, std::greater{},
                           [](const PairView& pair) { return pair.certificate->info->not_after; });
  SideState state;
  const auto newest = std::ranges::find_if(pairs, [](const auto& p) { return p.key != nullptr; });
  if (newest != pairs.end()) {
    state.current = *newest;
    for (const PairView& pair : pairs)
      if (pair.certificate->info->not_after < newest->certificate->info->not_after &&
          pair.key != newest->key &&
          same_owner(*pair.certificate->info, *newest->certificate->info))
        state.older.push_back(pair);
  }
  const std::string prefix = std::string(side_name(side)) + ' ';
  for (const KeyView& key : inventory.keys)
    if (key.label.starts_with(prefix) && inventory.certificates_of(key).empty())
      state.pending = &key;
  return state;
}

}  // namespace

const char* side_name(Side side) noexcept { return side == Side::kAuth ? "AUTH_RSA256" : "RSA256"; }

std::string side_text(Side side) { return side == Side::kAuth ? tr("login") : tr("signature"); }

bool serves(const CertificateInfo& certificate, Side side) {
  const Purpose purpose = purpose_of(certificate);
  return purpose == Purpose::kBoth ||
         purpose == (side == Side::kAuth ? Purpose::kAuth : Purpose::kSign);
}

RenewalState renewal_state(const Inventory& inventory) {
  RenewalState state{side_state(inventory, Side::kAuth), side_state(inventory, Side::kSign), {}};
  for (const KeyView& key : inventory.keys)
    if (inventory.certificates_of(key).empty() && &key != state.auth.pending &&
        &key != state.sign.pending)
      state.other_pending.push_back(&key);
  return state;
}

std::string new_key_label(Side side) {
  return std::string(side_name(side)) + ' ' + date(std::time(nullptr));
}

void prove(Session& session, const PairView& pair) {
  Bytes text(64);
  need_openssl(RAND_bytes(text.data(), static_cast<int>(text.size())) == 1, "random");
  const Signature signature = sign_data(session, *pair.key, text);
  if (verify_data(pair.certificate->info->spki, text, signature.bits) == false)
    throw Failure(Kind::kToken,
                  tr("A test signature with the new key does not verify with its certificate."),
                  tr("Keep the old pair and ask the CA."));
}

}  // namespace kilt::tool
