// Access rules, PINs, random.
#include <algorithm>

#include "tests/virtual/jacarta/crypto.h"
#include "tests/virtual/jacarta/laser.h"
#include "tests/virtual/jacarta/tlv.h"

namespace kilt::vtoken::jacarta {
namespace {

/// Places of the operations in a KO's tag 86.
constexpr std::size_t kUpdate = 1, kReset = 5;
constexpr std::size_t kChallengeSize = 8;

/// The nine bytes of policy at the end of a PIN's properties.
struct Policy {
  std::size_t min, max, upper, lower, digits, letters, special, occurrence, sequence;
};

Policy policy_of(const File& pin) {
  const Bytes& p = pin.properties;
  return {p[5], p[6], p[7], p[8], p[9], p[10], p[11], p[12], p[13]};
}

bool follows(const Policy& policy, const Bytes& value) {
  if (value.size() < policy.min) return false;
  if (policy.max != 0 && value.size() > policy.max) return false;
  const auto count = [&](char from, char to) {
    return static_cast<std::size_t>(
        std::ranges::count_if(value, [&](std::uint8_t c) { return c >= from && c <= to; }));
  };
  const std::size_t upper = count('A', 'Z'), lower = count('a', 'z'), digits = count('0', '9');
  if (upper < policy.upper || lower < policy.lower || digits < policy.digits ||
      upper + lower < policy.letters || value.size() - upper - lower - digits < policy.special)
    return false;
  std::size_t row = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    row = i > 0 && value[i] == value[i - 1] ? row + 1 : 1;
    if (policy.sequence != 0 && row > policy.sequence) return false;
    const auto same = static_cast<std::size_t>(std::ranges::count(value, value[i]));
    if (policy.occurrence != 0 && same > policy.occurrence) return false;
  }
  return true;
}

}  // namespace

bool Laser::allowed(const File& file, std::size_t which, const Apdu& apdu) const {
  const std::uint8_t how = file.access[2 * which], who = file.access[2 * which + 1];
  if ((how & 0x40) != 0 && !apdu.secured && is("secure-rules", "enforced")) return false;
  if (who == 0x00) return true;
  return who != 0xFF && satisfied(who);
}

bool Laser::satisfied(std::uint16_t reference) const {
  const File* object = master_->child(reference);
  if (object == nullptr) return false;
  if (!object->is_logic()) return verified_.contains(object);
  // Reverse Polish: 89 02 a KO, 88 00 "or". Only PINs are operands, so that nothing is circular.
  const auto outer = parse_tlvs(object->body);
  if (!outer || outer->size() != 1 || outer->front().tag != 0xE3) return false;
  const auto terms = parse_tlvs(outer->front().value);
  if (!terms) return false;
  std::vector<bool> stack;
  for (const Tlv& term : *terms) {
    if (term.tag == 0x89 && term.value.size() == 2) {
      const auto id = static_cast<std::uint16_t>((term.value[0] << 8) | term.value[1]);
      const File* pin = master_->child(id);
      stack.push_back(pin != nullptr && verified_.contains(pin));
    } else if (term.tag == 0x88 && stack.size() > 1) {
      const bool last = stack.back();
      stack.pop_back();
      stack.back() = stack.back() || last;
    } else {
      return false;
    }
  }
  return stack.size() == 1 && stack.front();
}

Answer Laser::get_challenge(const Apdu& apdu) {
  if (!apdu.has_le) return {{}, kWrongLength};
  if (apdu.p1p2() != 0) return {{}, kBadParameters};
  Answer answer{random(apdu.le), kOk};
  challenge_ = apdu.le == kChallengeSize ? answer.data : Bytes{};
  return answer;
}

/// What follows from a right or wrong PIN.
Answer Laser::judge(File& pin, bool right) {
  if (pin.tries_left == 0) return {{}, kBlocked};
  if (right) {
    if (pin.tries_left != pin.tries_max) {
      about_to_write();
      pin.tries_left = pin.tries_max;
    }
    verified_.insert(&pin);
    return {};
  }
  verified_.erase(&pin);
  about_to_write();
  --pin.tries_left;
  if (pin.tries_left == 0 && is("last-try", "6983")) return {{}, kBlocked};
  return {{}, 0x63C0U | pin.tries_left};
}

Answer Laser::verify(const Apdu& apdu) {
  const bool with_ticket = apdu.p1 == 0x02;
  if ((apdu.p1 != 0x00 && !with_ticket) || apdu.p2 != 0x00) return {{}, kBadParameters};
  if (!selected_->is_pin()) return {{}, kConditions};
  if (apdu.data.empty()) {
    if (verified_.contains(selected_)) return {};
    if (selected_->tries_left == 0 && is("last-try", "6983")) return {{}, kBlocked};
    return {{}, 0x63C0U | selected_->tries_left};
  }
  const bool transport = selected_->id < 0x10;
  if (!apdu.secured && (with_ticket || (!transport && is("plain-verify", "transport"))))
    return {{}, kConditions};
  Answer answer = judge(*selected_, apdu.data == selected_->body);
  // The recorded answer has 16 to 23 bytes of unknown meaning.
  if (with_ticket && answer.sw == kOk) answer.data = random(16);
  return answer;
}

/// Triple DES under SHA-1 of the PIN, over eight bytes of the host's and the card's challenge.
Answer Laser::secure_verify(const Apdu& apdu) {
  constexpr std::size_t kSize = 16, kHalf = 8, kKey = 16;
  if (apdu.p1p2() != 0) return {{}, kBadParameters};
  if (apdu.data.size() != kSize) return {{}, kWrongLength};
  if (!selected_->is_pin() || challenge_.empty()) return {{}, kConditions};
  const Bytes challenge = std::move(challenge_);
  challenge_.clear();
  Bytes key = sha1(selected_->body);
  key.resize(kKey);
  const Bytes plain = des_ede_cbc(key, apdu.data, false);
  return judge(*selected_, std::equal(plain.begin() + kHalf, plain.end(), challenge.begin()));
}

Answer Laser::clear_status(const Apdu& apdu) {
  constexpr std::size_t kEntry = 4;  // 00, level, KO
  if (apdu.p1p2() == 0xFFFF && apdu.data.empty()) {
    verified_.clear();
    return {};
  }
  if (apdu.p1p2() != 0) return {{}, kBadParameters};
  if (apdu.data.empty() || apdu.data.size() % kEntry != 0) return {{}, kWrongLength};
  for (std::size_t at = 0; at < apdu.data.size(); at += kEntry) {
    const auto id = static_cast<std::uint16_t>((apdu.data[at + 2] << 8) | apdu.data[at + 3]);
    verified_.erase(master_->child(id));
  }
  return {};
}

Answer Laser::reset_counter(const Apdu& apdu) {
  if (apdu.p1p2() != 0 || !apdu.data.empty()) return {{}, kBadParameters};
  if (!selected_->is_pin()) return {{}, kConditions};
  if (!allowed(*selected_, kReset, apdu)) return {{}, kDenied};
  const bool limited = selected_->unblocks_max != 0;
  if (limited && selected_->unblocks_left == 0) return {{}, kBlocked};
  about_to_write();
  if (limited) --selected_->unblocks_left;
  selected_->tries_left = selected_->tries_max;
  return {};
}

/// The selected KO's value anew: 62 with the value as in CREATE.
Answer Laser::put_value(const Apdu& apdu) {
  if (apdu.p1p2() != 0) return {{}, kBadParameters};
  if (selected_->type != Type::kKo || selected_->is_logic()) return {{}, kConditions};
  const auto outer = parse_tlvs(apdu.data);
  if (!outer || outer->size() != 1 || outer->front().tag != 0x62) return {{}, kBadData};
  if (!allowed(*selected_, kUpdate, apdu)) return {{}, kDenied};
  // Judged on a copy, so that a power failure finds the old value.
  File fresh;
  fresh.type = Type::kKo;
  fresh.size = selected_->size;
  fresh.properties = selected_->properties;
  const Bytes& value = outer->front().value;
  const unsigned sw = selected_->is_pin() ? set_pin(fresh, value) : set_key(fresh, value);
  if (sw != kOk) return {{}, sw};
  about_to_write();
  selected_->body = std::move(fresh.body);
  selected_->rsa = std::move(fresh.rsa);
  return {};
}

unsigned Laser::set_pin(File& pin, const Bytes& value) {
  constexpr std::size_t kProperties = 14;
  if (pin.properties.size() != kProperties) return kBadData;
  const auto objects = parse_tlvs(value);
  if (!objects || objects->size() != 1 || objects->front().tag != 0x81) return kBadData;
  const Bytes& characters = objects->front().value;
  if (characters.empty() || !follows(policy_of(pin), characters)) return kBadData;
  pin.body = characters;
  const unsigned high = pin.properties[4] >> 4, low = pin.properties[4] & 0x0F;
  const bool left_max = is("try-byte", "left-max");
  pin.tries_left = high;
  pin.tries_max = left_max && low != 0 ? low : high;
  pin.unblocks_left = pin.unblocks_max = left_max ? 0 : low;
  return kOk;
}

}  // namespace kilt::vtoken::jacarta
