#include "tools/commands/renew/renewal.h"

#include <algorithm>
#include <ctime>

#include <openssl/rand.h>

#include "tools/signing/signer.h"
#include "tools/terminal/state_file.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

constexpr const char* kStateFile = "renewal.json";
/// What a request may make a key for.
constexpr std::array kMade{Purpose::kAuth, Purpose::kSign, Purpose::kBoth};

/// What a key is called in the state file: its public key, else its id.
std::string name_of(const KeyView& key) {
  return key.spki.empty() ? "id:" + to_hex(key.id) : to_hex(key_identifier(key.spki));
}

PurposeState state_of(const Inventory& inventory, Purpose purpose, const SlotView::Token& token,
                      bool keys_seen = true) {
  std::vector<PairView> pairs;
  for (const CertificateView& certificate : inventory.certificates)
    if (certificate.info && serves(*certificate.info, purpose))
      pairs.push_back({inventory.key_of(certificate), &certificate});
  std::ranges::stable_sort(pairs, std::greater{},
                           [](const PairView& pair) { return pair.certificate->info->not_after; });
  PurposeState state;
  const auto newest = std::ranges::find_if(
      pairs, [&](const auto& pair) { return pair.key != nullptr || !keys_seen; });
  if (newest != pairs.end()) {
    state.current = *newest;
    for (const PairView& pair : pairs)
      if (pair.certificate->info->not_after < newest->certificate->info->not_after &&
          (pair.key != newest->key || !keys_seen) &&
          same_owner(*pair.certificate->info, *newest->certificate->info))
        state.older.push_back(pair);
  }
  state.pending = waiting_for(inventory, purpose, token);
  if (state.pending == nullptr) state.pending = waiting_for(inventory, Purpose::kBoth, token);
  return state;
}

}  // namespace

bool same_owner(const CertificateInfo& one, const CertificateInfo& other) {
  if (!one.iin.empty() || !other.iin.empty()) return one.iin == other.iin && one.bin == other.bin;
  return one.common_name == other.common_name && one.organisation == other.organisation;
}

const char* kit_name(Purpose purpose) noexcept {
  if (purpose == Purpose::kBoth) return "GOST512";
  return purpose == Purpose::kAuth ? "AUTH_RSA256" : "RSA256";
}

const KeyView* waiting_for(const Inventory& inventory, Purpose purpose,
                           const SlotView::Token& token) {
  const KeyView* found = nullptr;
  for (const KeyView& key : inventory.keys)
    if (inventory.certificates_of(key).empty() && made_for(key, token) == purpose) found = &key;
  return found;
}

RenewalState renewal_state(const Inventory& inventory, const SlotView::Token& token) {
  RenewalState state{
      state_of(inventory, Purpose::kAuth, token), state_of(inventory, Purpose::kSign, token), {}};
  for (const KeyView& key : inventory.keys)
    if (inventory.certificates_of(key).empty() && &key != state.auth.pending &&
        &key != state.sign.pending)
      state.other_pending.push_back(&key);
  return state;
}

RenewalState state_by_certificates(const Inventory& inventory, const SlotView::Token& token) {
  return {state_of(inventory, Purpose::kAuth, token, false),
          state_of(inventory, Purpose::kSign, token, false),
          {}};
}

std::optional<Purpose> made_for(const KeyView& key, const SlotView::Token& token) {
  for (const Purpose purpose : kMade)
    if (key.label.starts_with(std::string(kit_name(purpose)) + ' ')) return purpose;
  const auto state = read_state(kStateFile);
  const auto keys = state.find(token.serial);
  if (keys == state.end() || !keys->is_object()) return std::nullopt;
  const auto known = keys->find(name_of(key));
  for (const Purpose purpose : kMade)
    if (known != keys->end() && *known == purpose_name(purpose)) return purpose;
  return std::nullopt;
}

void remember_key(const KeyView& key, const SlotView::Token& token, Purpose purpose) {
  if (!token.serial.empty())
    change_state(kStateFile, [&](nlohmann::json& state) {
      state[token.serial][name_of(key)] = purpose_name(purpose);
    });
}

std::string new_key_label(Purpose purpose) {
  return std::string(kit_name(purpose)) + ' ' + date(std::time(nullptr));
}

Verification prove(Session& session, const PairView& pair) {
  Bytes text(64);
  need_openssl(RAND_bytes(text.data(), static_cast<int>(text.size())) == 1, "random");
  const Signature signature = sign_data(session, *pair.key, text);
  const Verification verified = verify_data(pair.certificate->info->spki, text, signature.bits);
  if (verified == Verification::kDoesNotFit)
    throw Failure(Kind::kToken,
                  tr("A test signature with the new key does not verify with its certificate."),
                  tr("Keep the old pair and ask the CA."));
  return verified;
}

}  // namespace kilt::tool
