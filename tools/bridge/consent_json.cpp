#include "tools/bridge/consent_json.h"

#include <algorithm>

#include <openssl/sha.h>

#include "tools/terminal/text.h"
#include "tools/x509/nca.h"

namespace kilt::bridge {
namespace {

constexpr std::size_t kMaxPreview = std::size_t{32} << 10U;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::string who(const Page& page) { return page.origin.empty() ? "UNIDENTIFIED" : page.origin; }

Json pin_json(const tool::TokenStatus& status, const tool::SlotView& slot) {
  Json pin{{"locked", status.user.locked},
           {"last_try", status.user.last_try},
           {"count_low", status.user.count_low},
           {"factory", status.user.factory.value_or(false)}};
  if (status.user.tries_left) pin["tries_left"] = *status.user.tries_left;
  if (slot.token) {
    pin["pad"] = slot.token->has(CKF_PROTECTED_AUTHENTICATION_PATH);
    pin["longest"] = slot.token->max_pin;
  }
  return pin;
}

Json key_json(const KeyOffer& offer) {
  const auto& certificate = offer.certificate;
  return {{"id", offer.id},
          {"owner", tool::clean(certificate.common_name)},
          {"organisation", tool::clean(certificate.organisation)},
          {"iin", certificate.iin},
          {"bin", certificate.bin},
          {"purpose", tool::purpose_name(tool::purpose_of(certificate))},
          {"algorithm", certificate.key_algorithm},
          {"issuer", tool::clean(certificate.issuer)},
          {"not_before", tool::date(certificate.not_before)},
          {"not_after", tool::date(certificate.not_after)},
          {"days_left", certificate.days_left(std::time(nullptr))},
          {"reason", offer.reason}};
}

Json storage_json(const Storage& storage) {
  Json json{{"id", storage.id},
            {"kind", storage.name},
            {"label", storage.slot.token ? storage.slot.token->label : ""},
            {"serial", storage.slot.token ? storage.slot.token->serial : ""},
            {"model", storage.slot.token ? storage.slot.token->model : ""},
            {"logged_in", storage.logged_in},
            {"pin", pin_json(storage.status, storage.slot)},
            {"keys", Json::array()}};
  for (const KeyOffer& offer : storage.keys) json["keys"].push_back(key_json(offer));
  return json;
}

std::string hex_sha256(BytesView data) {
  Bytes hash(SHA256_DIGEST_LENGTH);
  SHA256(data.data(), data.size(), hash.data());
  return tool::to_hex(hash);
}

/// UTF-8 without control characters but line ends and tabs. A cut may have torn the last character.
bool is_text(std::string_view text, bool cut) {
  std::size_t bad = 0;
  while (!text.empty()) {
    const auto line = text.substr(0, std::min(text.find_first_of("\n\t"), std::size_t{1024}));
    if (!line.empty()) {
      const std::string cleaned = tool::clean(line);
      for (auto at = cleaned.find(kReplacement); at != std::string::npos;
           at = cleaned.find(kReplacement, at + 1))
        ++bad;
    }
    text.remove_prefix(std::max(line.size(), std::size_t{1}));
  }
  return bad <= (cut ? 4U : 0U);
}

/// clean(), line by line: line ends and tabs stay.
std::string clean_lines(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of("\n\t"), std::size_t{1024});
    const auto size = std::min(end, text.size());
    result += tool::clean(text.substr(0, size));
    text.remove_prefix(size);
    if (!text.empty() && (text.front() == '\n' || text.front() == '\t')) {
      result += text.front();
      text.remove_prefix(1);
    }
  }
  return result;
}

}  // namespace

Document describe_document(BytesView data, bool xml) {
  Document document;
  document.size = data.size();
  document.digest = hex_sha256(data);
  std::string head(data.begin(),
                   data.begin() + static_cast<std::ptrdiff_t>(std::min(data.size(), kMaxPreview)));
  std::erase(head, '\r');
  const bool text = xml || is_text(head, head.size() < data.size());
  document.kind = text ? "text" : "binary";
  if (xml) document.kind = "xml";
  if (text) document.preview = clean_lines(head);
  return document;
}

Document describe_digest(BytesView digest) {
  return {"digest", digest.size(), tool::to_hex(digest), {}};
}

Json request_json(const Page& page, const Wish& wish, const std::vector<Storage>& storages,
                  const Origins::Last& last) {
  Json documents = Json::array();
  for (const Document& document : wish.documents)
    documents.push_back({{"kind", document.kind},
                         {"size", document.size},
                         {"digest", document.digest},
                         {"preview", document.preview}});
  Json json{
      {"type", "request"},           {"protocol", 1},
      {"origin", who(page)},         {"locale", page.locale},
      {"operation", wish.operation}, {"private_key", wish.private_key},
      {"count", wish.count},         {"documents", std::move(documents)},
      {"wanted", wish.storages},     {"last", {{"storage", last.storage}, {"key", last.key}}}};
  json["storages"] = storages_json(storages)["storages"];
  return json;
}

Json storages_json(const std::vector<Storage>& storages) {
  Json json{{"type", "storages"}, {"storages", Json::array()}};
  for (const Storage& storage : storages) json["storages"].push_back(storage_json(storage));
  return json;
}

Json keys_json(const Storage& storage, bool needs_pin) {
  return {{"type", "keys"}, {"needs_pin", needs_pin}, {"storage", storage_json(storage)}};
}

Json refused_json(const std::string& message, const tool::TokenStatus* status) {
  Json json{{"type", "refused"}, {"message", message}};
  if (status != nullptr) json["pin"] = pin_json(*status, {});
  return json;
}

Json progress_json(std::size_t done, std::size_t count) {
  return {{"type", "progress"}, {"done", done}, {"count", count}};
}
Json failed_json(const std::string& message) {
  return {{"type", "failed"}, {"message", tool::clean(message)}};
}
Json origin_json(const Page& page) {
  return {{"type", "origin"}, {"protocol", 1}, {"origin", who(page)}, {"locale", page.locale}};
}
Json file_json(const Page& page, const std::string& extension) {
  return {{"type", "file"},
          {"protocol", 1},
          {"origin", who(page)},
          {"locale", page.locale},
          {"extension", tool::clean(extension.substr(0, 16))}};
}

}  // namespace kilt::bridge
