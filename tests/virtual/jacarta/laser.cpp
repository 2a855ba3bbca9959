// The card as a whole: transport, chaining, which command is which.
#include "tests/virtual/jacarta/laser.h"

#include <algorithm>

#include "tests/virtual/jacarta/crypto.h"
#include "tests/virtual/jacarta/tlv.h"

namespace kilt::vtoken::jacarta {
namespace {

constexpr std::uint8_t kChained = 0x10;
constexpr std::uint8_t kSecured = 0x0C;
constexpr std::size_t kMaxAnswer = 256;

std::optional<Apdu> parse(const Bytes& command) {
  if (command.size() < 4) return std::nullopt;
  Apdu apdu{command[0], command[1], command[2], command[3], {}, false, 0, false};
  const auto le_of = [](std::uint8_t byte) { return byte == 0 ? 256U : std::size_t{byte}; };
  if (command.size() == 5) {
    apdu.has_le = true;
    apdu.le = le_of(command[4]);
  } else if (command.size() > 5) {
    const std::size_t lc = command[4];
    if (lc == 0 || command.size() < 5 + lc || command.size() > 6 + lc) return std::nullopt;
    apdu.data.assign(command.begin() + 5, command.begin() + 5 + static_cast<std::ptrdiff_t>(lc));
    apdu.has_le = command.size() == 6 + lc;
    if (apdu.has_le) apdu.le = le_of(command.back());
  }
  return apdu;
}

}  // namespace

void Laser::reset() {
  applet_ = false;
  directory_ = selected_ = nullptr;
  verified_.clear();
  challenge_.clear();
  channel_.reset();
  chain_.clear();
  chain_header_ = 0;
  pending_.clear();
}

Bytes Laser::transmit(const Bytes& command) {
  const auto apdu = parse(command);
  if (!apdu) return be16(kWrongLength);
  if (apdu->ins == 0xC0) {  // always in class 00, never wrapped
    if (apdu->cla != 0x00 || apdu->p1p2() != 0 || !apdu->has_le) return be16(kWrongLength);
    if (pending_.empty()) return be16(kConditions);
    const std::size_t now = std::min(apdu->le, pending_.size());
    const auto split = pending_.begin() + static_cast<std::ptrdiff_t>(now);
    Bytes out(pending_.begin(), split);
    pending_.erase(pending_.begin(), split);
    const std::size_t left = pending_.size();
    append(out, be16(left == 0 ? kOk : 0x6100U | (left > 0xFF ? 0U : left)));
    return out;
  }
  pending_.clear();
  const bool wrapped = (apdu->cla & kSecured) == kSecured;
  return finish(wrapped ? secured(*apdu) : assemble(*apdu));
}

/// The answer as it is transported: 256 bytes, the rest by GET RESPONSE.
Bytes Laser::finish(Answer answer) {
  if (answer.data.size() > kMaxAnswer) {
    const auto split = answer.data.begin() + kMaxAnswer;
    pending_.assign(split, answer.data.end());
    answer.data.erase(split, answer.data.end());
    answer.sw = 0x6100U | (pending_.size() > 0xFF ? 0U : static_cast<unsigned>(pending_.size()));
  }
  append(answer.data, be16(answer.sw));
  return std::move(answer.data);
}

Answer Laser::secured(const Apdu& wrapped) {
  if (!channel_) return {{}, kBadSecure};
  const auto plain = channel_->unwrap(wrapped);
  if (!plain) {
    channel_.reset();
    return {{}, kBadSecure};
  }
  Channel same = *channel_;  // the command may close it
  Answer answer = assemble(*plain);
  Bytes out = same.wrap(answer);
  if (channel_) channel_ = same;
  if (is("secure-answer", "plain")) return answer;
  spoil(out);
  return {std::move(out), kOk};
}

/// A wrapped answer ends with its MAC: 8E 08 and eight bytes.
void Laser::spoil(Bytes& wrapped) const {
  const Bytes mac(wrapped.end() - 10, wrapped.end());
  if (is("secure-answer", "bad-mac")) wrapped.back() ^= 0x01;
  if (is("secure-answer", "no-mac")) wrapped.resize(wrapped.size() - mac.size());
  if (is("secure-answer", "double-mac")) append(wrapped, mac);
}

/// Puts the parts of a chain together.
Answer Laser::assemble(const Apdu& apdu) {
  constexpr std::size_t kMaxChain = 0x10200;
  const unsigned header = (static_cast<unsigned>(apdu.ins) << 16) | apdu.p1p2();
  if (header != chain_header_) chain_.clear();
  chain_header_ = header;
  if ((apdu.cla & kChained) != 0) {
    const bool may = apdu.ins == 0x24 || apdu.ins == 0x2A || apdu.ins == 0x32 || apdu.ins == 0xE0;
    if (!may) return {{}, kNoClass};
    if (chain_.size() + apdu.data.size() > kMaxChain) return {{}, kWrongLength};
    append(chain_, apdu.data);
    return {};
  }
  Apdu whole = apdu;
  if (!chain_.empty()) {
    append(chain_, apdu.data);
    whole.data = std::move(chain_);
    chain_.clear();
  }
  chain_header_ = 0;
  Answer answer = dispatch(whole);
  const bool kept = is("challenge", "until-used") || whole.ins == 0x84;
  if (!kept) challenge_.clear();
  return answer;
}

Answer Laser::dispatch(const Apdu& apdu) {
  if (apdu.cla == 0x00 && apdu.ins == 0xA4) return select_applet(apdu);
  if (!applet_) return {{}, is("applet", "preselected") ? kConditions : kNoClass};
  if (apdu.cla == 0x80) return dispatch_proprietary(apdu);
  if (apdu.cla != 0x00) return {{}, kNoClass};
  switch (apdu.ins) {
    case 0x20:
      return verify(apdu);
    case 0x2A:
      return perform_security_operation(apdu);
    case 0x47:
      return generate(apdu);
    case 0x84:
      return get_challenge(apdu);
    case 0xB0:
      return read_binary(apdu);
    case 0xD6:
      return update_binary(apdu);
    case 0xE0:
      return create(apdu);
    case 0xE4:
      return remove(apdu);
    default:
      return {{}, kNoInstruction};
  }
}

Answer Laser::dispatch_proprietary(const Apdu& apdu) {
  switch (apdu.ins) {
    case 0x20:
      return secure_verify(apdu);
    case 0x24:
      return put_value(apdu);
    case 0x28:
      return clear_status(apdu);
    case 0x2C:
      return reset_counter(apdu);
    case 0x30:
      return list(apdu);
    case 0x32:
      return reallocate(apdu);
    case 0x48:
      return apdu.p1p2() == 0x0080 ? channel_parameters() : get_public_key(apdu);
    case 0x86:
      return open_channel(apdu);
    case 0xA4:
      return select(apdu);
    case 0xCB:
      return get_data(apdu);
    default:
      return {{}, kNoInstruction};
  }
}

Group Laser::group_in_use() const {
  if (!is("dh-group", "auto")) return dh_group(switches_.at("dh-group"));
  return dh_group(is("personality", "athena") ? "idprotect" : "oakley2");
}

Answer Laser::channel_parameters() {
  const Group group = group_in_use();
  Bytes out;
  append_tlv(out, 0x80, group.g);
  append_tlv(out, 0x81, group.n);
  append_tlv(out, 0x82, power(group.g, static_key_, group.n));
  return {std::move(out), kOk};
}

Answer Laser::open_channel(const Apdu& apdu) {
  if (apdu.p1p2() == 0xFFFF) {
    channel_.reset();
    return {};
  }
  if (apdu.p1p2() != 0) return {{}, kBadParameters};
  const Group group = group_in_use();
  if (apdu.data.size() != group.n.size()) return {{}, kWrongLength};
  // No check of the host's value: a real card takes 0 too.
  Bytes r = random(32);
  channel_.emplace(power(apdu.data, static_key_, group.n), r);
  return {std::move(r), kOk};
}

}  // namespace kilt::vtoken::jacarta
