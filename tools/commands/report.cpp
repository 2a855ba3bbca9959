#include "tools/commands/report.h"

#include <ctime>
#include <set>

#include "tools/commands/profiles.h"
#include "tools/terminal/text.h"
#include "tools/x509/nca.h"

namespace kilt::tool {
namespace {

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

/// The beginning of an id, as long as it takes to type it.
std::string short_id(const Bytes& id, std::size_t digits) { return to_hex(id).substr(0, digits); }

/// So many digits distinguish the ids, eight at least.
std::size_t digits_of(const Inventory& inventory) {
  constexpr std::size_t kLeast = 8;
  std::set<std::string> ids;
  for (const KeyView& key : inventory.keys) ids.insert(to_hex(key.id));
  for (const CertificateView& certificate : inventory.certificates)
    ids.insert(to_hex(certificate.id));
  std::size_t digits = kLeast;
  const std::string* before = nullptr;
  for (const std::string& id : ids) {
    while (before != nullptr && digits < id.size() &&
           id.compare(0, digits, *before, 0, digits) == 0)
      ++digits;
    before = &id;
  }
  return digits;
}

/// As expiry_text, for a narrow column.
std::string expiry_short(const CertificateInfo& info) {
  const std::time_t now = std::time(nullptr);
  const long left = info.days_left(now);
  if (left < 0 || info.not_before > now) return expiry_text(info);
  return tr("{0} ({1} d)", date(info.not_after), left);
}

struct Line {
  std::string label, owner, purpose, expiry, id, uri;
  Colour colour = Colour::kPlain;
};

Line line_of(const Context& context, const ChosenToken& token, const KeyView* key,
             const CertificateView* certificate, std::size_t digits) {
  Line line;
  const Bytes& id = key != nullptr ? key->id : certificate->id;
  line.id = short_id(id, digits);
  line.label = key != nullptr && !key->label.empty() ? key->label
               : certificate != nullptr              ? context.personal(certificate->label)
                                                     : "";
  line.uri =
      object_uri(token.token(), key != nullptr ? CKO_PRIVATE_KEY : CKO_CERTIFICATE, id, line.label);
  if (certificate == nullptr) {
    line.purpose = "-";
    line.expiry = tr("no certificate yet");
    return line;
  }
  if (!certificate->info) {
    line.expiry = tr("damaged certificate");
    line.colour = Colour::kBad;
    return line;
  }
  const CertificateInfo& info = *certificate->info;
  line.purpose = purpose_text(info);
  line.owner = context.personal(owner_of(info));
  if (key == nullptr && !info.authority) line.purpose = tr("no key");
  line.expiry = expiry_short(info);
  line.colour = expiry_colour(info);
  return line;
}

std::vector<Line> lines_of(const Context& context, const ChosenToken& token,
                           const Inventory& inventory) {
  std::vector<Line> lines;
  const std::size_t digits = digits_of(inventory);
  for (const KeyView& key : inventory.keys) {
    const auto certificates = inventory.certificates_of(key);
    if (certificates.empty()) lines.push_back(line_of(context, token, &key, nullptr, digits));
    for (const CertificateView* certificate : certificates)
      lines.push_back(line_of(context, token, &key, certificate, digits));
  }
  for (const CertificateView& certificate : inventory.certificates)
    if (inventory.key_of(certificate) == nullptr)
      lines.push_back(line_of(context, token, nullptr, &certificate, digits));
  return lines;
}

std::string usage_text(KeyUsageBits bits) {
  constexpr std::array<std::pair<KeyUsageBits, const char*>, 7> kNames{{
      {KU_DIGITAL_SIGNATURE, "digitalSignature"},
      {KU_NON_REPUDIATION, "nonRepudiation"},
      {KU_KEY_ENCIPHERMENT, "keyEncipherment"},
      {KU_DATA_ENCIPHERMENT, "dataEncipherment"},
      {KU_KEY_AGREEMENT, "keyAgreement"},
      {KU_KEY_CERT_SIGN, "keyCertSign"},
      {KU_CRL_SIGN, "cRLSign"},
  }};
  std::string text;
  for (const auto& [bit, name] : kNames)
    if ((bits & bit) != 0) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

std::string named_oid(const std::string& oid) {
  const std::string name = oid_name(oid);
  return name.empty() ? oid : fmt::format("{} ({})", translated(name.c_str()), oid);
}

std::string named_oids(const std::vector<std::string>& oids) {
  std::string text;
  for (const std::string& oid : oids) text += (text.empty() ? "" : "; ") + named_oid(oid);
  return text;
}

}  // namespace

std::string owner_of(const CertificateInfo& info) {
  const std::string& name = info.common_name.empty() ? info.subject : info.common_name;
  return info.organisation.empty() ? name : name + ", " + info.organisation;
}

std::string pin_line(const Output& out, const PinState& state, Role role) {
  std::string text = (role == Role::kUser ? tr("PIN:") : tr("SO PIN:")) + ' ';
  if (!state.initialized) return text + tr("not set yet");
  if (state.locked) return text + out.paint(Colour::kBad, tr("blocked"));
  if (state.tries_left && state.tries_max)
    text += tr("{0} of {1} tries left", *state.tries_left, *state.tries_max);
  else if (state.tries_left)
    text += trn("{0} try left", "{0} tries left", *state.tries_left);
  else if (state.last_try)
    text += out.paint(Colour::kBad, tr("one try left"));
  else if (state.count_low)
    text += out.paint(Colour::kWarn, tr("some tries are spent"));
  else
    text += tr("set");
  if (state.factory.value_or(false))
    text += "; " + out.paint(Colour::kWarn, role == Role::kUser
                                                ? tr("it is the factory's: `kilt pin change`")
                                                : tr("it is the factory's: `kilt pin set-so`"));
  return text;
}

Json functions_json(const TokenStatus& status) {
  Json functions = Json::object();
  for (const auto& [name, answer] : status.functions)
    functions[name] = {{"state", answer.state}, {"reason", answer.reason}};
  return functions;
}

Json pin_json(const PinState& state) {
  return {{"initialized", state.initialized},
          {"blocked", state.locked},
          {"last_try", state.last_try},
          {"tries_left", or_null(state.tries_left)},
          {"tries_max", or_null(state.tries_max)},
          {"factory", or_null(state.factory)}};
}

Json token_json(const ChosenToken& chosen, const TokenStatus& status) {
  const SlotView::Token& token = chosen.token();
  Json json{{"label", token.label},
            {"manufacturer", token.manufacturer},
            {"model", token.model},
            {"serial", token.serial},
            {"uri", token_uri(token)},
            {"initialized", token.has(CKF_TOKEN_INITIALIZED)},
            {"pin_length", {{"min", token.min_pin}, {"max", token.max_pin}}},
            {"user_pin", pin_json(status.user)},
            {"so_pin", pin_json(status.so)}};
  const std::string storage = storage_oid_of(token, status);
  json["storage"] =
      storage.empty() ? Json(nullptr) : Json{{"oid", storage}, {"name", oid_name(storage)}};
  return json;
}

Json key_json(const ChosenToken& token, const KeyView& key) {
  return {{"id", to_hex(key.id)},
          {"label", key.label},
          {"algorithm", key.algorithm},
          {"private", key.private_key != 0},
          {"public", key.public_key != 0},
          {"uri", object_uri(token.token(), CKO_PRIVATE_KEY, key.id, key.label)}};
}

Json certificate_json(const Context& context, const CertificateInfo& info) {
  const std::time_t now = std::time(nullptr);
  Json json{{"subject", context.personal(info.subject)},
            {"issuer", context.personal(info.issuer)},
            {"owner", context.personal(owner_of(info))},
            {"serial", info.serial},
            {"not_before", date(info.not_before)},
            {"not_after", date(info.not_after)},
            {"days_left", info.days_left(now)},
            {"reminder", stage_days(stage_of(info.days_left(now)))},
            {"purpose", purpose_name(purpose_of(info))},
            {"algorithm", info.key_algorithm},
            {"key_id", to_hex(info.key_id)},
            {"extended_key_usage", info.extended_usage},
            {"policies", info.policies}};
  json["storage"] = info.storage_oid.empty()
                        ? Json(nullptr)
                        : Json{{"oid", info.storage_oid}, {"name", oid_name(info.storage_oid)}};
  if (context.options.show_ids) {
    json["iin"] = info.iin;
    json["bin"] = info.bin;
  }
  return json;
}

Json certificate_json(const Context& context, const ChosenToken& token,
                      const CertificateView& certificate) {
  Json json{{"id", to_hex(certificate.id)},
            {"label", context.personal(certificate.label)},
            {"damaged", !certificate.info.has_value()},
            {"uri", object_uri(token.token(), CKO_CERTIFICATE, certificate.id, certificate.label)}};
  if (certificate.info) json.update(certificate_json(context, *certificate.info));
  return json;
}

Json pairs_json(const Context& context, const ChosenToken& token, const Inventory& inventory) {
  Json pairs = Json::array();
  for (const KeyView& key : inventory.keys) {
    Json certificates = Json::array();
    for (const CertificateView* certificate : inventory.certificates_of(key))
      certificates.push_back(certificate_json(context, token, *certificate));
    pairs.push_back({{"key", key_json(token, key)}, {"certificates", certificates}});
  }
  for (const CertificateView& certificate : inventory.certificates)
    if (inventory.key_of(certificate) == nullptr)
      pairs.push_back(
          {{"key", nullptr},
           {"certificates", Json::array({certificate_json(context, token, certificate)})}});
  return pairs;
}

void print_pairs(Context& context, const ChosenToken& token, const Inventory& inventory,
                 bool uris) {
  const auto lines = lines_of(context, token, inventory);
  if (lines.empty()) {
    context.out().line("  " + tr("No keys or certificates are seen."));
    return;
  }
  Table table({tr("NAME"), tr("OWNER"), tr("PURPOSE"), tr("VALID UNTIL"), tr("ID")});
  for (const Line& line : lines)
    table.row({line.label, line.owner, line.purpose, line.expiry, line.id}, line.colour);
  table.print(context.out());
  if (!uris) return;
  for (const Line& line : lines) context.out().line("  " + line.uri);
}

void print_certificate(Context& context, const CertificateInfo& info) {
  Output& out = context.out();
  out.field(tr("Owner"), context.personal(info.subject));
  if (!info.email.empty()) out.field(tr("E-mail"), info.email);
  if (context.options.show_ids && !info.iin.empty()) out.field("IIN", info.iin);
  if (context.options.show_ids && !info.bin.empty()) out.field("BIN", info.bin);
  out.field(tr("Issuer"), info.issuer);
  out.field(tr("Serial number"), info.serial);
  out.field(tr("Valid from"), date(info.not_before));
  out.field(tr("Valid until"), out.paint(expiry_colour(info), expiry_text(info)));
  out.field(tr("Purpose"), purpose_text(info));
  if (info.key_usage) out.field(tr("Key usage"), usage_text(*info.key_usage));
  if (!info.extended_usage.empty()) out.field(tr("Roles"), named_oids(info.extended_usage));
  if (!info.policies.empty()) out.field(tr("Policy"), named_oids(info.policies));
  if (!info.storage_oid.empty()) out.field(tr("Key storage"), named_oid(info.storage_oid));
  out.field(tr("Key"), info.key_algorithm);
  out.field(tr("Key identifier"), to_hex(info.key_id));
}

std::string expiry_text(const CertificateInfo& info) {
  const std::time_t now = std::time(nullptr);
  const long left = info.days_left(now);
  if (info.not_before > now) return tr("not before {0}", date(info.not_before));
  if (left < 0) return tr("{0}, expired", date(info.not_after));
  return date(info.not_after) + ", " +
         trn("{0} day left", "{0} days left", static_cast<unsigned long>(left));
}

Colour expiry_colour(const CertificateInfo& info) {
  switch (stage_of(info.days_left(std::time(nullptr)))) {
    case Stage::kExpired:
    case Stage::kWeek:
      return Colour::kBad;
    case Stage::kFortnight:
    case Stage::kMonth:
      return Colour::kWarn;
    case Stage::kNone:
      break;
  }
  return Colour::kPlain;
}

std::string purpose_text(const CertificateInfo& info) { return purpose_text(purpose_of(info)); }

std::string purpose_text(Purpose purpose) {
  switch (purpose) {
    case Purpose::kAuth:
      return tr("login");
    case Purpose::kSign:
      return tr("signature");
    case Purpose::kBoth:
      return tr("login+signature");
    case Purpose::kAuthority:
      return tr("CA");
    case Purpose::kOther:
      break;
  }
  return tr("other");
}

}  // namespace kilt::tool
