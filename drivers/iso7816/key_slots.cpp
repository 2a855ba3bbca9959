#include "drivers/iso7816/key_slots.h"

#include <algorithm>

#include "apdu/tlv.h"
#include "drivers/status.h"

namespace kilt::iso7816 {
namespace {

constexpr std::uint32_t kPublicKeyTemplate = 0x7F49, kModulus = 0x81, kExponent = 0x82;
constexpr StatusWord kNoSuchContainer{0x6900};
constexpr std::size_t kMaxAnswer = 2048;
constexpr std::size_t kMinModulus = 64, kMaxModulus = 1024, kMaxExponent = 8;

/// The object with this tag, wherever it is; at most tlv::kMaxDepth levels down.
std::optional<tlv::Node> find_deep(BytesView data, std::uint32_t tag, unsigned depth = 0) {
  tlv::Reader reader(data);
  while (const auto node = reader.next()) {
    if (node->tag == tag) return node;
    if (!node->constructed() || depth + 1 >= tlv::kMaxDepth) continue;
    if (const auto found = find_deep(node->value, tag, depth + 1)) return found;
  }
  return std::nullopt;
}

Bytes number_of(BytesView value) {
  while (!value.empty() && value.front() == 0) value = value.subspan(1);
  return to_bytes(value);
}

/// How long the first data object says it is, header included; 0 if that cannot be seen.
std::size_t announced_size(BytesView data) {
  std::size_t at = 1;
  if (data.empty()) return 0;
  if ((data[0] & 0x1F) == 0x1F)  // the tag goes on while bit 8 is set
    while (at < data.size() && at < 3 && (data[at++] & 0x80) != 0) continue;
  if (at >= data.size()) return 0;
  const Byte length = data[at++];
  if (length < 0x80) return at + length;
  const std::size_t bytes = length & 0x7FU;
  if (bytes == 0 || bytes > 2 || at + bytes > data.size()) return 0;
  return at + bytes + std::size_t{read_be(data.subspan(at, bytes))};
}

/// Places that were never used may answer with an empty or unwritten modulus.
bool unwritten(BytesView modulus) {
  return modulus.empty() || std::ranges::all_of(modulus, [](Byte b) { return b == 0xFF; });
}

}  // namespace

std::optional<RsaPublicKey> parse_public_key(BytesView answer, BytesView default_exponent) {
  const auto key = find_deep(answer, kPublicKeyTemplate);
  // Some answer with the bare numbers.
  const BytesView body = key ? key->value : answer;
  const auto modulus = find_deep(body, kModulus);
  if (!modulus) return std::nullopt;
  RsaPublicKey result{number_of(modulus->value), to_bytes(default_exponent)};
  if (unwritten(result.modulus)) return std::nullopt;
  if (result.modulus.size() < kMinModulus || result.modulus.size() > kMaxModulus ||
      (result.modulus.back() & 1) == 0)
    throw MalformedAnswer("what the token calls a public key is none");
  if (const auto exponent = find_deep(body, kExponent)) {
    result.exponent = number_of(exponent->value);
    if (result.exponent.empty() || result.exponent.size() > kMaxExponent)
      throw MalformedAnswer("the public exponent is out of range");
  }
  return result;
}

bool KeySlots::readable() const noexcept {
  const Procedure& command = profile_.commands.public_key.command;
  // Only reads (the profile's check sees to it): no one needs to have verified it.
  return !command.empty();
}

const KeySlot* KeySlots::find(Byte reference) const noexcept {
  const auto& keys = profile_.commands.keys;
  const auto slot = std::ranges::find(keys, reference, &KeySlot::reference);
  return slot == keys.end() ? nullptr : &*slot;
}

bool KeySlots::absent(StatusWord sw) const noexcept {
  const auto& listed = profile_.commands.absent;
  if (listed.empty()) return sw == sw::kFileNotFound || sw == sw::kReferencedDataNotFound;
  return std::ranges::find(listed, sw) != listed.end();
}

TemplateFields KeySlots::fields(const Bytes& number, const Bytes& reference) {
  return {{"n", number}, {"kk", reference}};
}

std::optional<RsaPublicKey> KeySlots::read(const KeySlot& slot) {
  const Bytes number{slot.number}, reference{slot.reference};
  const PublicKeyRules& rules = profile_.commands.public_key;
  apdu::Response answer;
  for (const CommandTemplate& step : rules.command.steps) {
    answer = card_->send(step.fill(fields(number, reference)));
    if (absent(answer.sw)) return std::nullopt;
    expect_ok("GET DATA public key", answer);
    fetch_rest(answer.data);
  }
  return parse_public_key(answer.data, rules.exponent);
}

// The CA's tool asks for the end of the answer without looking at the status of its first 256
// bytes. So do we where the card says 9000 although its own length field says that more is to come.
void KeySlots::fetch_rest(Bytes& data) {
  constexpr Byte kGetResponse = 0xC0;
  const std::size_t whole = announced_size(data);
  while (data.size() < whole && whole <= kMaxAnswer) {
    const auto rest = std::min<std::size_t>(whole - data.size(), 256);
    const auto answer = card_->send(apdu::Command::case2(
        0x00, kGetResponse, 0x00, 0x00, apdu::Le{static_cast<std::uint32_t>(rest)}));
    if (!answer.ok() || answer.data.empty()) return;  // then the parser says what is wrong
    append(data, answer.data);
  }
}

std::vector<std::pair<const KeySlot*, RsaPublicKey>> KeySlots::read_all() {
  std::vector<std::pair<const KeySlot*, RsaPublicKey>> found;
  bool closed = false;
  const auto look = [&] {
    faults_.clear();
    closed = false;
    for (const KeySlot& slot : profile_.commands.keys) {
      try {
        if (auto key = read(slot)) found.emplace_back(&slot, std::move(*key));
      } catch (const NotLoggedIn&) {
        closed = true;
      } catch (const Error& error) {
        if (!concerns_one_object(error)) throw;
        faults_.emplace_back(error.what());  // this place only
      }
    }
  };
  files_->in_application(look);
  if (found.empty()) {
    files_->forget();
    files_->in_application(look);
  }
  if (found.empty() && closed) throw NotLoggedIn();
  return found;
}

std::string KeySlots::why_no_generation() const {
  const CardCommands& commands = profile_.commands;
  if (commands.generate.empty() || commands.keys.empty())
    return "no public source says how to make keys on this card";
  if (!commands.generate.verified)
    return "nobody has verified this profile's command to make keys, and it could destroy one";
  if (!readable()) return "the profile does not say how to see which places for keys are empty";
  return {};
}

/// False if there is no such container.
bool KeySlots::generate_in(const KeySlot& slot) {
  const Bytes number{slot.number}, reference{slot.reference};
  for (const CommandTemplate& step : profile_.commands.generate.steps) {
    const auto answer = card_->send(step.fill(fields(number, reference)));
    if (answer.sw == kNoSuchContainer || absent(answer.sw)) return false;
    expect_ok("GENERATE ASYMMETRIC KEY PAIR", answer);
  }
  return true;
}

/// Surely without a key: a place that does not say so counts as taken.
bool KeySlots::is_empty(const KeySlot& slot) {
  try {
    return !read(slot);
  } catch (const NotLoggedIn&) {
    throw;
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    return false;
  }
}

const KeySlot& KeySlots::generate(const KeySpec& spec, const KeySlot* instead_of) {
  if (const std::string why = why_no_generation(); !why.empty()) throw NotSupported(why);
  if (spec.type != KeyType::kRsa) throw NotSupported("the card makes RSA keys only");
  if (!spec.public_exponent.empty() &&
      spec.public_exponent != profile_.commands.public_key.exponent)
    throw NotSupported("the card's keys have the public exponent 65537");
  bool right_size = false;
  for (const KeySlot& slot : profile_.commands.keys) {
    if (instead_of != nullptr && slot.reference != instead_of->reference) continue;
    if (slot.bits != spec.bits) continue;
    right_size = true;
    // Looked at right before: whoever else works with the card may have filled it.
    files_->forget();
    const bool made = files_->in_application([&] {
      if (instead_of == nullptr && !is_empty(slot)) return false;
      return generate_in(slot);
    });
    if (made) return slot;
  }
  if (!right_size) throw NotSupported("the card has no place for keys of this size");
  throw TokenFull("every place for keys on this card holds one; it is never overwritten unasked");
}

}  // namespace kilt::iso7816
