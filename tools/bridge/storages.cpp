#include "tools/bridge/storages.h"

#include <algorithm>
#include <array>
#include <tuple>

#include <openssl/sha.h>

#include "tools/signing/suite.h"
#include "tools/terminal/text.h"
#include "tools/x509/nca.h"

namespace kilt::bridge {
namespace {

using tool::tr;

struct NamedStorage {
  const char* oid;  // of the CA's registry, 1.2.398.3.3.5.*
  const char* name;
};
constexpr std::array kTokens{
    NamedStorage{"1.2.398.3.3.5.2.1", "AKKZIDCardStore"},
    NamedStorage{"1.2.398.3.3.5.2.2", "AKKaztokenStore"},
    NamedStorage{"1.2.398.3.3.5.2.3", "AKEToken72KStore"},
    NamedStorage{"1.2.398.3.3.5.2.4", "AKEToken5110Store"},
    NamedStorage{"1.2.398.3.3.5.2.5", "AKJaCartaStore"},
    NamedStorage{"1.2.398.3.3.5.2.6", "AKAKEYStore"},
};

std::string id_of(const Bytes& certificate) {
  Bytes hash(SHA256_DIGEST_LENGTH);
  SHA256(certificate.data(), certificate.size(), hash.data());
  return tool::to_hex(hash);
}

bool usable(const tool::SlotView& slot) {
  return slot.token && slot.token->has(CKF_TOKEN_INITIALIZED);
}

std::string without_zeros(std::string hex) {
  hex.erase(0, std::min(hex.find_first_not_of('0'), hex.size()));
  std::ranges::transform(hex, hex.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return hex;
}

}  // namespace

const std::vector<std::string>& storage_names() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names{kFileStorage, "JKS"};
    for (const auto& token : kTokens) names.emplace_back(token.name);
    return names;
  }();
  return kNames;
}

bool is_storage_name(const std::string& name) {
  return std::ranges::find(storage_names(), name) != storage_names().end();
}

std::string storage_name(const tool::TokenStatus& status) {
  const auto found = std::ranges::find(kTokens, status.storage_oid, &NamedStorage::oid);
  return found == kTokens.end() ? kFileStorage : found->name;
}

std::string refusal(const tool::CertificateInfo& certificate, const KeyFilter& filter,
                    std::time_t now) {
  const tool::Purpose purpose = tool::purpose_of(certificate);
  if (filter.use == KeyFilter::Use::kSignature && purpose != tool::Purpose::kSign &&
      purpose != tool::Purpose::kBoth)
    return tr("not for signatures");
  // One key for both purposes since 2024: it says nothing of clients, yet is for log-in too.
  if (filter.use == KeyFilter::Use::kAuthentication && purpose != tool::Purpose::kAuth &&
      purpose != tool::Purpose::kBoth)
    return tr("not for log-in");
  for (const std::string& oid : filter.extended_usage)
    if (std::ranges::find(certificate.extended_usage, oid) == certificate.extended_usage.end())
      return tr("not for this purpose ({0})", tool::clean(oid));
  if (!filter.iin.empty() && certificate.iin != filter.iin) return tr("another IIN");
  if (!filter.bin.empty() && certificate.bin != filter.bin) return tr("another BIN");
  if (!filter.serial.empty() && without_zeros(certificate.serial) != without_zeros(filter.serial))
    return tr("another certificate is wanted");
  if (filter.issuers &&
      std::ranges::find(*filter.issuers, certificate.issuer) == filter.issuers->end())
    return tr("issued by another CA");
  if (!filter.allow_expired && certificate.not_after < now)
    return tr("expired on {0}", tool::date(certificate.not_after));
  if (!filter.allow_expired && certificate.not_before > now)
    return tr("valid from {0}", tool::date(certificate.not_before));
  if (!tool::has_suite(certificate.spki))
    return tr("its algorithm {0} is not supported", certificate.key_algorithm);
  return {};
}

OpenToken::OpenToken(tool::Module& module, const tool::SlotView& slot)
    : slot_(slot), session_(module, slot.id, tool::Session::Mode::kRead) {
  read();
}

void OpenToken::login(tool::Secret pin) {
  session_.login(tool::Role::kUser, pin);
  read();
  const bool each_use =
      std::ranges::any_of(inventory_.keys, [](const auto& key) { return key.always_authenticate; });
  if (!each_use) return;
  pin_ = std::move(pin);
  session_.ask_per_use([this](const tool::Session::SendPin& send) { send(pin_); });
}

void OpenToken::read() { inventory_ = tool::read_inventory(session_); }

Storage OpenToken::describe(const KeyFilter& filter, std::time_t now) {
  Storage storage;
  storage.slot = session_.module().slot(slot_.id);
  if (!storage.slot.token) storage.slot = slot_;
  storage.status = tool::read_status(session_, *storage.slot.token);
  storage.id = fmt::format("{}-{}", slot_.id, slot_.token->serial);
  storage.name = storage_name(storage.status);
  storage.logged_in = session_.logged_in();
  for (const auto& certificate : inventory_.certificates) {
    if (!certificate.info || certificate.info->authority) continue;
    const std::string id = id_of(certificate.der);
    if (std::ranges::find(storage.keys, id, &KeyOffer::id) != storage.keys.end()) continue;
    KeyOffer offer{id, *certificate.info, refusal(*certificate.info, filter, now)};
    // Before the login a private key may be hidden; afterwards it is there or it is not.
    if (offer.reason.empty() && storage.logged_in) {
      const auto* key = inventory_.key_of(certificate);
      if (key == nullptr || key->private_key == 0) offer.reason = tr("its key is not here");
    }
    storage.keys.push_back(std::move(offer));
  }
  // A token may list its objects in any order; what a user sees stays: what fits first, of that
  // what is valid longest.
  std::ranges::sort(storage.keys, {}, [](const KeyOffer& offer) {
    return std::tuple(!offer.reason.empty(), -offer.certificate.not_after,
                      offer.certificate.common_name, offer.id);
  });
  return storage;
}

OpenToken::Chosen OpenToken::choose(const std::string& id) const {
  for (const auto& certificate : inventory_.certificates)
    if (certificate.info && id_of(certificate.der) == id)
      return {&certificate, inventory_.key_of(certificate)};
  throw tool::Failure(tool::Kind::kNotFound, tr("This certificate is no longer on the token."));
}

std::vector<std::string> active_tokens(tool::Module& module) {
  std::vector<std::string> names;
  for (const tool::SlotView& slot : module.slots()) {
    if (!usable(slot)) continue;
    try {
      tool::Session session(module, slot.id, tool::Session::Mode::kRead);
      const std::string name = storage_name(tool::read_status(session, *slot.token));
      if (name != kFileStorage && std::ranges::find(names, name) == names.end())
        names.push_back(name);
    } catch (const tool::Failure&) {
      continue;  // it was pulled a moment ago
    }
  }
  return names;
}

std::vector<Storage> storages(tool::Module& module, const std::vector<std::string>& names,
                              const KeyFilter& filter, std::time_t now) {
  std::vector<Storage> found;
  for (const tool::SlotView& slot : module.slots()) {
    if (!usable(slot)) continue;
    try {
      OpenToken token(module, slot);
      Storage storage = token.describe(filter, now);
      const bool wanted =
          names.empty() || std::ranges::find(names, storage.name) != names.end() ||
          (storage.name == kFileStorage && std::ranges::find(names, "JKS") != names.end());
      if (wanted) found.push_back(std::move(storage));
    } catch (const tool::Failure&) {
      continue;
    }
  }
  std::ranges::stable_sort(found, {},
                           [](const Storage& storage) { return storage.name == kFileStorage; });
  return found;
}

std::string fingerprint(tool::Module& module) {
  std::string text;
  for (const tool::SlotView& slot : module.slots())
    if (usable(slot)) text += fmt::format("{}:{}\n", slot.id, slot.token->serial);
  return text;
}

}  // namespace kilt::bridge
