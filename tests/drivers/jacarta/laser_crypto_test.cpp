// PIN cryptogram, key agreement, secure messaging: known answers, and the sessions of a real card
// whose secret a published experiment forced to a known value.
#include "drivers/jacarta/laser_crypto.h"

#include <gtest/gtest.h>

#include "apdu/tlv.h"
#include "drivers/errors.h"
#include "tests/drivers/jacarta/recordings.h"

namespace kilt::jacarta::test {
namespace {

/// The second group of RFC 2409, in which the computed vectors are.
Bytes oakley2() {
  return from_hex(
      "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E34"
      "04DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6"
      "F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF");
}

Bytes offer(const Bytes& generator, const Bytes& prime, const Bytes& value) {
  Bytes answer = tlv::encode(0x80, generator);
  append(answer, tlv::encode(0x81, prime));
  append(answer, tlv::encode(0x82, value));
  return answer;
}

SessionKeys keys_of(BytesView encryption, BytesView mac) {
  SessionKeys keys;
  keys.encryption = SecureBytes(encryption);
  keys.mac = SecureBytes(mac);
  return keys;
}

/// A command APDU in short form as a value.
apdu::Command command_of(BytesView apdu) {
  apdu::Command command = apdu::Command::case1(apdu[0], apdu[1], apdu[2], apdu[3]);
  if (apdu.size() == 5) command.le = apdu::Le{apdu[4] == 0 ? 256U : apdu[4]};
  if (apdu.size() > 5) command.data = to_bytes(apdu.subspan(5, apdu[4]));
  if (apdu.size() > 5U + apdu[4] && apdu.size() > 5)
    command.le = apdu::Le{apdu.back() == 0 ? 256U : apdu.back()};
  return command;
}

/// The protected command without a Le that one party appends and another does not.
std::string without_le(const apdu::Command& command) {
  apdu::Command bare = command;
  bare.le.reset();
  return to_hex(bare.encode_short());
}
std::string without_le(Bytes apdu) {
  apdu.resize(5U + apdu[4]);
  return to_hex(apdu);
}

TEST(PinCryptogram, KnownAnswers) {
  unsigned seen = 0;
  for (const Vector& vector : vectors("pin")) {
    EXPECT_EQ(vector.bytes("cryptogram"),
              pin_cryptogram(vector.bytes("value"), vector.bytes("host"), vector.bytes("card")));
    ++seen;
  }
  EXPECT_EQ(3U, seen);
}

TEST(KeyAgreement, KnownAnswers) {
  unsigned with_leading_zero = 0;
  for (const Vector& vector : vectors("agreement")) {
    // The card's half, by ourselves: g^y.
    const KeyAgreement card(parse_channel_parameters(offer(Bytes{0x02}, oakley2(), Bytes{0x05})),
                            SecureBytes(vector.bytes("y")));
    const KeyAgreement host(
        parse_channel_parameters(offer(Bytes{0x02}, oakley2(), card.public_value())),
        SecureBytes(vector.bytes("x")));
    EXPECT_EQ(to_hex(vector.bytes("host")), to_hex(host.public_value()));
    EXPECT_EQ(to_hex(vector.bytes("z")), to_hex(host.shared_secret().view()));
    const SessionKeys keys = host.session_keys(vector.bytes("r"));
    EXPECT_EQ(to_hex(vector.bytes("kenc")), to_hex(keys.encryption.view()));
    EXPECT_EQ(to_hex(vector.bytes("kmac")), to_hex(keys.mac.view()));
    if (vector.bytes("z")[0] != 0) continue;
    ++with_leading_zero;
    // What an implementation gets that drops leading zeros of Z: other keys. So the comparison
    // above can fail.
    const Bytes z = vector.bytes("z");
    const SessionKeys wrong = derive_session_keys(BytesView(z).subspan(1), vector.bytes("r"));
    EXPECT_NE(to_hex(vector.bytes("kenc")), to_hex(wrong.encryption.view()));
    EXPECT_NE(to_hex(vector.bytes("kmac")), to_hex(wrong.mac.view()));
  }
  EXPECT_EQ(1U, with_leading_zero);
}

TEST(KeyAgreement, RefusesWhatGivesNoSecret) {
  const Bytes prime = oakley2();
  Bytes last = prime;
  last.at(last.size() - 1) ^= 0x01;  // a prime is odd
  Bytes even = last;
  Bytes beyond = prime;
  beyond.at(0) = 0xFF;
  const Bytes good{0x02};
  EXPECT_NO_THROW(static_cast<void>(parse_channel_parameters(offer(good, prime, good))));
  for (const Bytes& bad : {Bytes{0x00}, Bytes{0x01}, last, prime, Bytes(129, 0xFF), Bytes{}}) {
    EXPECT_THROW(static_cast<void>(parse_channel_parameters(offer(bad, prime, good))),
                 MalformedAnswer);
    EXPECT_THROW(static_cast<void>(parse_channel_parameters(offer(good, prime, bad))),
                 MalformedAnswer);
  }
  EXPECT_THROW(static_cast<void>(parse_channel_parameters(offer(good, even, good))),
               MalformedAnswer);
  EXPECT_THROW(static_cast<void>(parse_channel_parameters(offer(good, Bytes(96, 0xFF), good))),
               MalformedAnswer)
      << "768 bits";
  EXPECT_THROW(static_cast<void>(parse_channel_parameters(offer(good, Bytes(600, 0xFF), good))),
               MalformedAnswer);
  EXPECT_THROW(static_cast<void>(parse_channel_parameters({})), NotSupported);
  EXPECT_THROW(static_cast<void>(parse_channel_parameters(tlv::encode(0x80, good))), NotSupported);
  EXPECT_THROW(static_cast<void>(derive_session_keys(Bytes(128, 1), Bytes(31, 1))),
               MalformedAnswer);
}

TEST(KeyAgreement, DrawsAnotherSecretEachTime) {
  const auto parameters = parse_channel_parameters(offer(Bytes{0x02}, oakley2(), Bytes{0x05}));
  const KeyAgreement one(parameters), other(parameters);
  EXPECT_NE(one.public_value(), other.public_value());
  EXPECT_EQ(128U, one.public_value().size());
}

TEST(Suite, KnownMessages) {
  std::map<std::string, apdu::SecureMessaging> sessions;
  const auto session = [&](const Vector& vector) -> apdu::SecureMessaging& {
    const auto found = sessions.find(vector.text.at("kenc"));
    if (found != sessions.end()) return found->second;
    return sessions
        .emplace(vector.text.at("kenc"),
                 make_suite(keys_of(vector.bytes("kenc"), vector.bytes("kmac"))))
        .first->second;
  };
  // Commands and answers alternate within a session, in the order of their counters.
  const auto commands = vectors("command"), answers = vectors("answer");
  ASSERT_EQ(commands.size(), answers.size());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    auto& messaging = session(commands[i]);
    const apdu::Command wrapped = messaging.protect(command_of(commands[i].bytes("plain")));
    EXPECT_EQ(without_le(commands[i].bytes("wrapped")), without_le(wrapped));
    Bytes raw = answers[i].bytes("wrapped");
    append(raw, Bytes{0x90, 0x00});
    const auto plain = messaging.unprotect(apdu::Response::parse(raw));
    Bytes expected = plain.data;
    expected.push_back(plain.sw.sw1());
    expected.push_back(plain.sw.sw2());
    EXPECT_EQ(to_hex(answers[i].bytes("plain")), to_hex(expected));
  }
  EXPECT_EQ(5U, commands.size());
}

/// The secret of these sessions was forced to zero: the keys are R itself.
apdu::SecureMessaging zero_session(BytesView card_random) {
  return apdu::SecureMessaging(
      make_suite(derive_session_keys(Bytes(128, 0x00), card_random.first(kSessionRandomSize))));
}

/// The plain command, out of the wrapped one and the decrypted data that the recording notes.
apdu::Command plain_command(const Message& wrapped) {
  const Bytes& wire = wrapped.bytes;
  apdu::Command plain =
      apdu::Command::case1(static_cast<Byte>(wire[0] & ~0x0C), wire[1], wire[2], wire[3]);
  if (!wrapped.plain->empty()) plain.data = apdu::unpad_block(*wrapped.plain);
  const BytesView body = BytesView(wire).subspan(5, wire[4]);
  if (const auto le = tlv::find(body, 0x97)) plain.le = apdu::Le{le->value[0]};
  return plain;
}

TEST(Suite, RecordedSessionsOfARealCard) {
  unsigned messages = 0, wrong = 0;
  for (const Recording& recording : recordings("hw-sm-zero-secret")) {
    SCOPED_TRACE(recording.name);
    std::optional<apdu::SecureMessaging> card, host;
    for (const Exchange& exchange : recording.exchanges) {
      if (exchange.data().size() == kSessionRandomSize && exchange.command.bytes[1] == 0x86) {
        card.emplace(zero_session(exchange.data()));
        host.emplace(zero_session(exchange.answer.host_saw.value_or(exchange.answer.bytes)));
      }
      if (!exchange.command.plain) continue;
      ASSERT_TRUE(card);
      const apdu::Command plain = plain_command(exchange.command);
      const std::string wire = without_le(exchange.command.bytes);
      EXPECT_EQ(exchange.command.mac_good, wire == without_le(card->protect(plain)));
      // As the host had to see it: its MAC key may be another, and it would notice.
      EXPECT_EQ(wire, without_le(host->protect(plain)));
      try {
        static_cast<void>(host->unprotect(apdu::Response::parse(exchange.answer.bytes)));
      } catch (const apdu::ChannelBroken&) {
        EXPECT_TRUE(exchange.answer.plain && recording.name != "hw-sm-zero-secret");
      }
      const auto answer = card->unprotect(apdu::Response::parse(exchange.answer.bytes));
      if (!exchange.command.mac_good) {
        EXPECT_EQ(StatusWord(0x6988), answer.sw);
        ++wrong;
        continue;
      }
      EXPECT_TRUE(answer.ok());
      const Bytes expected = exchange.answer.plain.value_or(Bytes{});
      EXPECT_EQ(to_hex(expected.empty() ? Bytes{} : apdu::unpad_block(expected)),
                to_hex(answer.data));
      ++messages;
    }
  }
  EXPECT_EQ(4U, messages);
  EXPECT_EQ(1U, wrong);
}

}  // namespace
}  // namespace kilt::jacarta::test
