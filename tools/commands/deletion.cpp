#include "tools/commands/deletion.h"

#include <algorithm>
#include <ctime>

#include "tools/commands/report.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

bool is_valid(const CertificateView* certificate) {
  const std::time_t now = std::time(nullptr);
  return certificate->info && certificate->info->not_after > now &&
         certificate->info->not_before <= now;
}

}  // namespace

void delete_key(Session& session, const KeyView& key) {
  if (key.private_key != 0) session.destroy(key.private_key);
  if (key.public_key == 0) return;
  // Gone with the private half where the token keeps the two as one.
  Template wanted;
  wanted.number(CKA_CLASS, CKO_PUBLIC_KEY);
  if (!key.id.empty()) wanted.bytes(CKA_ID, key.id);
  const auto halves = session.find(std::move(wanted));
  if (std::ranges::find(halves, key.public_key) != halves.end()) session.destroy(key.public_key);
}

std::optional<Purpose> only_valid_for(const Inventory& inventory, const KeyView& key) {
  const auto valid = [&](const KeyView& one, Purpose purpose) {
    return std::ranges::any_of(
        inventory.certificates_of(one), [&](const CertificateView* certificate) {
          return is_valid(certificate) && serves(*certificate->info, purpose);
        });
  };
  for (const Purpose purpose : {Purpose::kAuth, Purpose::kSign, Purpose::kOther})
    if (valid(key, purpose) && std::ranges::count_if(inventory.keys, [&](const KeyView& one) {
                                 return valid(one, purpose);
                               }) == 1)
      return purpose;
  return std::nullopt;
}

void check_not_last(const Inventory& inventory, const KeyView* key, bool force) {
  if (key == nullptr || force) return;
  if (const auto purpose = only_valid_for(inventory, *key))
    throw Failure(Kind::kRefused,
                  tr("This is the only pair on the token with a valid certificate for {0}.",
                     purpose_text(*purpose)),
                  tr("--force deletes it nevertheless."));
}

}  // namespace kilt::tool
