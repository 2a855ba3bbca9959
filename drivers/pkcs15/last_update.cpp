#include "drivers/pkcs15/last_update.h"

#include <algorithm>
#include <atomic>
#include <optional>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "apdu/tlv.h"
#include "drivers/crypto/asn1.h"

namespace kilt::pkcs15 {
namespace {

std::time_t system_clock() { return std::time(nullptr); }
std::atomic<std::time_t (*)()> clock_now{&system_clock};

std::optional<std::time_t> parse_time(const std::string& text) {
  std::tm parsed{};
  if (strptime(text.c_str(), "%Y%m%d%H%M%SZ", &parsed) == nullptr) return std::nullopt;
  return timegm(&parsed);
}

std::string text_of(std::time_t time) { return fmt::format("{:%Y%m%d%H%M%S}Z", fmt::gmtime(time)); }

/// The time as a view into the contents, empty if there is none.
BytesView find_time(BytesView sequence) {
  tlv::Reader reader(sequence);
  while (const auto node = reader.next()) {
    if (node->tag == asn1::context_primitive(5)) return node->value;
    if (node->tag == asn1::context(5))
      if (const auto time = tlv::find(node->value, asn1::kGeneralizedTime)) return time->value;
  }
  return {};
}

/// A new SEQUENCE with the field at its end, the padding behind it as long as before.
Bytes with_new_field(BytesView contents, const tlv::Node& sequence, const std::string& time) {
  Bytes body = to_bytes(sequence.value);
  append(body, tlv::encode(asn1::context_primitive(5), to_bytes(time)));
  Bytes fresh = tlv::encode(asn1::kSequence, body);
  if (fresh.size() < contents.size()) fresh.resize(contents.size(), 0x00);
  return fresh;
}

}  // namespace

std::string later_time(const std::string& previous) {
  std::time_t now = clock_now.load()();
  if (const auto before = parse_time(previous)) now = std::max(now, *before + 1);
  return text_of(now);
}

bool settled(const std::string& mark) {
  const auto time = parse_time(mark);
  return time && *time < clock_now.load()();
}

void set_clock(std::time_t (*clock)()) noexcept { clock_now = clock; }

Bytes with_later_update(BytesView contents) {
  try {
    const auto sequence = tlv::find(contents, asn1::kSequence);
    if (!sequence) return to_bytes(contents);
    const BytesView old = find_time(sequence->value);
    const std::string time = later_time(to_text(old));
    if (old.size() != time.size())
      return old.empty() ? with_new_field(contents, *sequence, time) : to_bytes(contents);
    Bytes fresh = to_bytes(contents);
    std::ranges::copy(time, fresh.begin() + (old.data() - contents.data()));
    return fresh;
  } catch (const MalformedAnswer&) {
    return to_bytes(contents);
  }
}

}  // namespace kilt::pkcs15
