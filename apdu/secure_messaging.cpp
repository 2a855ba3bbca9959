#include "apdu/secure_messaging.h"

#include <optional>
#include <stdexcept>

#include "apdu/tlv.h"

namespace kilt::apdu {
namespace {

constexpr Byte kSecureClass = 0x0C;  // CLA: secure messaging, header authenticated
constexpr Byte kChaining = 0x10;
constexpr std::uint32_t kCryptogram = 0x87, kExpectedLength = 0x97, kStatus = 0x99, kMac = 0x8E;
constexpr Byte kIsoPadding = 0x01;  // first byte of a cryptogram: padded with 80 00 …
constexpr std::size_t kMacSize = 8;
constexpr std::size_t kMaxBody = 255;
// 87 LL LL 01, 97 01 Le, 8E 08 mac: all that a message carries beside the cipher blocks.
constexpr std::size_t kEnvelope = 4 + 3 + 2 + kMacSize;

/// The objects of an answer: [87] 99 8E, each at most once and nothing else.
struct Envelope {
  std::optional<BytesView> cryptogram;
  BytesView status, mac;
  BytesView authenticated;  ///< what the MAC is over
};

Envelope open_envelope(BytesView data) {
  Envelope envelope;
  tlv::Reader reader(data);
  auto node = reader.next();
  if (node && node->tag == kCryptogram) {
    envelope.cryptogram = node->value;
    node = reader.next();
  }
  if (!node || node->tag != kStatus || node->value.size() != 2)
    throw ChannelBroken("the token's protected answer has no status");
  envelope.status = node->value;
  envelope.authenticated = data.first(data.size() - reader.rest().size());
  node = reader.next();
  if (!node || node->tag != kMac || node->value.size() != kMacSize)
    throw ChannelBroken("the token's protected answer has no MAC");
  envelope.mac = node->value;
  if (!reader.rest().empty()) throw ChannelBroken("something follows the MAC of an answer");
  return envelope;
}

}  // namespace

Bytes pad_to_block(BytesView data, std::size_t block) {
  Bytes padded = to_bytes(data);
  padded.push_back(0x80);
  padded.resize((padded.size() + block - 1) / block * block, 0x00);
  return padded;
}

Bytes unpad_block(BytesView data) {
  while (!data.empty() && data.back() == 0x00) data = data.first(data.size() - 1);
  if (data.empty() || data.back() != 0x80)
    throw ChannelBroken("the token's protected answer is not padded");
  return to_bytes(data.first(data.size() - 1));
}

SecureMessaging::SecureMessaging(std::unique_ptr<SecureMessagingSuite> suite)
    : suite_(std::move(suite)), counter_(suite_->block(), 0x00) {}

std::size_t SecureMessaging::max_body() const {
  const std::size_t block = suite_->block();
  return (kMaxBody - kEnvelope) / block * block - 1;
}

void SecureMessaging::require_alive() const {
  if (ended_) throw ChannelBroken("the secure channel to the token has ended");
}

Bytes SecureMessaging::next_counter() {
  for (std::size_t i = counter_.size(); i-- > 0;)
    if (++counter_[i] != 0) break;
  return counter_;
}

Bytes SecureMessaging::mac_over(BytesView counter, BytesView header, BytesView objects) const {
  Bytes input = to_bytes(counter);
  if (!header.empty()) append(input, pad_to_block(header, suite_->block()));
  if (!objects.empty()) append(input, pad_to_block(objects, suite_->block()));
  return suite_->mac(input);
}

Command SecureMessaging::protect(const Command& plain) {
  require_alive();
  if (plain.data.size() > max_body())
    throw std::length_error("the command does not fit in one protected message");
  Command wrapped = plain;
  wrapped.cla = static_cast<Byte>(plain.cla | kSecureClass);
  wrapped.data.clear();
  if (!plain.data.empty()) {
    Bytes cryptogram{kIsoPadding};
    append(cryptogram, suite_->encrypt(pad_to_block(plain.data, suite_->block())));
    append(wrapped.data, tlv::encode(kCryptogram, cryptogram));
  }
  if (plain.le) {
    const auto le = static_cast<std::uint32_t>(*plain.le);
    append(wrapped.data, tlv::encode(kExpectedLength, Bytes{static_cast<Byte>(le & 0xFF)}));
  }
  const Bytes header{wrapped.cla, wrapped.ins, wrapped.p1, wrapped.p2};
  const Bytes mac = mac_over(next_counter(), header, wrapped.data);
  append(wrapped.data, tlv::encode(kMac, mac));
  wrapped.le = kLeShortMax;  // the answer has a body always: status and MAC
  return wrapped;
}

Response SecureMessaging::unprotect(const Response& answer) {
  require_alive();
  ended_ = true;  // until the MAC has been found right
  if (answer.data.empty()) {
    if (!answer.ok()) return answer;
    throw ChannelBroken("the token's answer is not protected");
  }
  Envelope envelope;
  try {
    envelope = open_envelope(answer.data);
  } catch (const MalformedAnswer&) {
    throw ChannelBroken("the token's protected answer is malformed");
  }
  if (!equal_constant_time(mac_over(next_counter(), {}, envelope.authenticated), envelope.mac))
    throw ChannelBroken("the MAC of the token's answer is wrong");
  Response plain;
  plain.sw = StatusWord(envelope.status[0], envelope.status[1]);
  if (envelope.cryptogram) {
    const BytesView blocks = *envelope.cryptogram;
    if (blocks.size() < 1 + suite_->block() || blocks[0] != kIsoPadding ||
        (blocks.size() - 1) % suite_->block() != 0)
      throw ChannelBroken("the cryptogram of the token's answer is malformed");
    plain.data = unpad_block(suite_->decrypt(blocks.subspan(1)));
  }
  ended_ = false;
  return plain;
}

Response SecureMessaging::send(Card& card, const Command& plain) {
  BytesView rest = plain.data;
  while (rest.size() > max_body()) {
    Command part = Command::case3(static_cast<Byte>(plain.cla | kChaining), plain.ins, plain.p1,
                                  plain.p2, rest.first(max_body()));
    part.privacy = plain.privacy;
    Command wrapped = protect(part);
    wrapped.le.reset();  // as cards have been seen to be spoken to
    const Response answer = unprotect(card.send(wrapped));
    if (!answer.ok()) return answer;
    rest = rest.subspan(max_body());
  }
  Command last = plain;
  last.data = to_bytes(rest);
  return unprotect(card.send(protect(last)));
}

}  // namespace kilt::apdu
