// The envelope of secure messaging, under a toy cipher: what is sent, and which answers end the
// session.
#include "apdu/secure_messaging.h"

#include <algorithm>
#include <stdexcept>

#include <gtest/gtest.h>

#include "apdu/tlv.h"

namespace kilt::apdu {
namespace {

/// Encrypts by adding one to each byte; the MAC is the sum of all blocks.
class ToySuite : public SecureMessagingSuite {
 public:
  [[nodiscard]] std::size_t block() const override { return 8; }
  [[nodiscard]] Bytes encrypt(BytesView padded) const override { return shifted(padded, 1); }
  [[nodiscard]] Bytes decrypt(BytesView blocks) const override { return shifted(blocks, 0xFF); }
  [[nodiscard]] Bytes mac(BytesView padded) const override {
    EXPECT_EQ(0U, padded.size() % 8);
    Bytes sum(8, 0x00);
    for (std::size_t i = 0; i < padded.size(); ++i)
      sum[i % 8] = static_cast<Byte>(sum[i % 8] * 3 + padded[i]);
    return sum;
  }

 private:
  static Bytes shifted(BytesView bytes, Byte by) {
    Bytes result = to_bytes(bytes);
    for (Byte& byte : result) byte = static_cast<Byte>(byte + by);
    return result;
  }
};

SecureMessaging session() { return SecureMessaging(std::make_unique<ToySuite>()); }

/// The card's side: an answer with the MAC that is right for the counter.
Bytes answer(unsigned counter, BytesView data, StatusWord sw = sw::kOk) {
  const ToySuite suite;
  Bytes objects;
  if (!data.empty()) {
    Bytes cryptogram{0x01};
    append(cryptogram, suite.encrypt(pad_to_block(data, 8)));
    append(objects, tlv::encode(0x87, cryptogram));
  }
  append(objects, tlv::encode(0x99, Bytes{sw.sw1(), sw.sw2()}));
  Bytes input = write_be(counter, 8);
  append(input, pad_to_block(objects, 8));
  append(objects, tlv::encode(0x8E, suite.mac(input)));
  return objects;
}

Response response(Bytes data, std::uint16_t status = 0x9000) {
  Response raw;
  raw.data = std::move(data);
  raw.sw = StatusWord(status);
  return raw;
}

const Command kRead = Command::case2(0x80, 0x48, 0x00, 0x00, kLeShortMax);

TEST(SecureMessaging, Padding) {
  EXPECT_EQ("8000000000000000", to_hex(pad_to_block({}, 8)));
  EXPECT_EQ("0102030405060780", to_hex(pad_to_block(from_hex("01020304050607"), 8)));
  EXPECT_EQ(16U, pad_to_block(Bytes(8, 1), 8).size());
  EXPECT_EQ(Bytes(8, 0), unpad_block(pad_to_block(Bytes(8, 0), 8)));
  EXPECT_THROW(static_cast<void>(unpad_block(Bytes(8, 0))), ChannelBroken);
  EXPECT_THROW(static_cast<void>(unpad_block({})), ChannelBroken);
  EXPECT_THROW(static_cast<void>(unpad_block(Bytes(8, 1))), ChannelBroken);
}

TEST(SecureMessaging, CommandIsWrapped) {
  SecureMessaging messaging = session();
  const Command wrapped =
      messaging.protect(Command::case4(0x80, 0x24, 0x01, 0x02, from_hex("AABB"), Le{0x10}));
  EXPECT_EQ(0x8C, wrapped.cla);
  EXPECT_EQ(
      "8709"
      "01ABBC810101010101"
      "970110"
      "8E08",
      to_hex(wrapped.data).substr(0, 32));
  const Command bare = messaging.protect(Command::case1(0x00, 0x2C, 0x00, 0x00));
  EXPECT_EQ(10U, bare.data.size()) << "a MAC always";
}

TEST(SecureMessaging, CounterRunsThroughBothDirections) {
  SecureMessaging messaging = session();
  for (unsigned i = 0; i < 300; ++i) {
    static_cast<void>(messaging.protect(kRead));
    const auto plain = messaging.unprotect(response(answer(2 * i + 2, Bytes{0x11, 0x22})));
    EXPECT_EQ((Bytes{0x11, 0x22}), plain.data);
  }
}

TEST(SecureMessaging, InnerStatusCounts) {
  SecureMessaging messaging = session();
  static_cast<void>(messaging.protect(kRead));
  const auto plain = messaging.unprotect(response(answer(2, {}, StatusWord(0x6A82))));
  EXPECT_EQ(StatusWord(0x6A82), plain.sw);
  EXPECT_NO_THROW(static_cast<void>(messaging.protect(kRead))) << "the session goes on";
}

TEST(SecureMessaging, ErrorInClearEndsTheSession) {
  SecureMessaging messaging = session();
  static_cast<void>(messaging.protect(kRead));
  EXPECT_EQ(StatusWord(0x6988), messaging.unprotect(response({}, 0x6988)).sw);
  EXPECT_THROW(static_cast<void>(messaging.protect(kRead)), ChannelBroken);
}

TEST(SecureMessaging, EveryForgedAnswerEndsTheSession) {
  const Bytes good = answer(2, from_hex("AABBCC"));
  const Bytes mac(good.end() - 10, good.end());
  const Bytes without_mac(good.begin(), good.end() - 10);
  std::vector<Bytes> forged;
  forged.push_back({});                             // success in clear
  forged.push_back(from_hex("AABBCC"));             // data in clear
  forged.push_back(without_mac);                    // no MAC
  forged.push_back(answer(1, from_hex("AABBCC")));  // an old one again
  forged.push_back(answer(3, from_hex("AABBCC")));
  Bytes twice = good;
  append(twice, mac);
  forged.push_back(twice);  // two MACs
  Bytes trailing = good;
  append(trailing, from_hex("800100"));
  forged.push_back(trailing);
  forged.push_back(mac);                                   // MAC alone
  forged.push_back(Bytes(good.begin() + 11, good.end()));  // cryptogram taken away
  for (std::size_t size = 1; size < good.size(); ++size)
    forged.emplace_back(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const Byte flip : Bytes{0x01, 0x80}) {
      Bytes changed = good;
      changed[at] ^= flip;
      forged.push_back(changed);
    }
  for (const Bytes& data : forged) {
    SCOPED_TRACE(to_hex(data));
    SecureMessaging messaging = session();
    static_cast<void>(messaging.protect(kRead));
    EXPECT_THROW(static_cast<void>(messaging.unprotect(response(data))), ChannelBroken);
    EXPECT_THROW(static_cast<void>(messaging.protect(kRead)), ChannelBroken);
  }
  SecureMessaging messaging = session();
  static_cast<void>(messaging.protect(kRead));
  EXPECT_NO_THROW(static_cast<void>(messaging.unprotect(response(good))));
}

TEST(SecureMessaging, OneMessageHasItsBounds) {
  SecureMessaging messaging = session();
  EXPECT_EQ(0xE7U, messaging.max_body());
  const Command fits =
      messaging.protect(Command::case4(0x00, 0xE0, 0x08, 0x00, Bytes(0xE7, 1), kLeShortMax));
  EXPECT_LE(fits.data.size(), 255U);
  EXPECT_THROW(
      static_cast<void>(messaging.protect(Command::case3(0x00, 0xE0, 0x08, 0x00, Bytes(0xE8, 1)))),
      std::length_error);
}

}  // namespace
}  // namespace kilt::apdu
