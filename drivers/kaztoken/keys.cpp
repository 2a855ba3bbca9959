#include "drivers/kaztoken/keys.h"

#include <algorithm>

#include "drivers/status.h"

namespace kilt::kaztoken {
namespace {

constexpr FileId kKeyRoot = 0x1000;
constexpr FileId kPublicKeys = 0x6001;
constexpr FileId kPrivateKeys = 0x6002;

apdu::Command security_operation(Byte p1, Byte p2, BytesView data) {
  // Longer answers (RSA-4096) come in two parts; the channel fetches the rest (61xx).
  return apdu::Command::case4(0x00, 0x2A, p1, p2, data, apdu::kLeShortMax);
}

constexpr Byte kPrivateRsa = 0x23, kPublicRsa = 0x33;
constexpr Byte kPrivateGost = 0x03, kPublicGost = 0x13;
constexpr unsigned kTries = 0xA;  // keys: newer firmware wants 10 and 10

// Use by the user only; the public object may be read and used by all.
constexpr AccessRights kPrivateRights{0x46, 0x00, 0x02, 0x02, 0x00, 0x00, 0x00, 0x02};
constexpr AccessRights kPublicRights{0x46, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x02};

Byte curve_option(unsigned curve) { return static_cast<Byte>(0x10 + 0x10 * curve); }

FileTemplate rsf(Byte number, Byte type, Byte option, std::size_t size,
                 const AccessRights& access) {
  return {number, FileType::kRsf, size, access, RsfProperties{type, option, 0x00, kTries, kTries}};
}

/// Big-endian number as `size` little-endian bytes.
Bytes little_endian(BytesView number, std::size_t size) {
  while (!number.empty() && number.front() == 0) number = number.subspan(1);
  if (number.size() > size) throw InvalidData("a part of the key is longer than its place");
  Bytes bytes = reversed(number);
  bytes.resize(size, 0x00);
  return bytes;
}

/// p, 00*4, q, 00*4, qInv, dP, dQ.
SecureBytes private_value(const RsaPrivateKey& key, std::size_t half) {
  const Bytes gap(4, 0x00);
  Bytes value = little_endian(key.prime1.view(), half);
  append(value, gap);
  append(value, little_endian(key.prime2.view(), half));
  append(value, gap);
  append(value, little_endian(key.coefficient.view(), half));
  append(value, little_endian(key.exponent1.view(), half));
  append(value, little_endian(key.exponent2.view(), half));
  return SecureBytes(std::move(value));
}

void load(apdu::Card& card, Files& files, const FilePath& path, BytesView value) {
  files.select(path);
  const StatusWord sw = change_reference_data(card, 0x00, value);
  if (sw != sw::kOk) throw_status("key loading", sw);
}

}  // namespace

FilePath private_key_path(Byte number) { return {kKeyRoot, kKeyRoot, kPrivateKeys, number}; }
FilePath public_key_path(Byte number) { return {kKeyRoot, kKeyRoot, kPublicKeys, number}; }

void create_key_pair(Files& files, Byte number, const KeyShape& shape) {
  if (shape.type == KeyType::kRsa) {
    const std::size_t half = shape.bits / 16;
    files.create(rsf(number, kPrivateRsa, 0x00, 5 * half + 8, kPrivateRights));
    files.create(rsf(number, kPublicRsa, 0x00, 3 * half, kPublicRights));
    return;
  }
  const Byte option = curve_option(shape.curve);
  files.create(rsf(number, kPrivateGost, option, 0x20, kPrivateRights));
  files.create(rsf(number, kPublicGost, option, 0x40, kPublicRights));
}

PublicKey generate_key_pair(apdu::Card& card, Byte number, const KeyShape& shape) {
  const bool rsa = shape.type == KeyType::kRsa;
  // A6 { 94 = public exponent, little-endian }: without it 4096-bit keys come out malformed.
  const Bytes exponent{0xA6, 0x06, 0x94, 0x04, 0x01, 0x00, 0x01, 0x00};
  const auto command =
      rsa ? apdu::Command::case4(0x00, 0x46, 0x80, number, exponent, apdu::kLeShortMax)
          : apdu::Command::case2(0x00, 0x46, 0x80, number, apdu::kLeShortMax);
  const auto answer = card.send(command);
  if (answer.sw == sw::kIncorrectData)
    throw NotSupported("the token does not generate keys of this size");
  expect_ok("GENERATE ASYMMETRIC KEY PAIR", answer);
  const std::size_t expected = rsa ? shape.bits / 8 : 64;
  if (answer.data.size() != expected)
    throw MalformedAnswer("the new public key has a wrong length");
  if (!rsa) return GostPublicKey{{}, {}, answer.data};
  RsaPublicKey key{reversed(answer.data), {0x01, 0x00, 0x01}};
  if ((key.modulus.front() & 0x80) == 0 || (key.modulus.back() & 0x01) == 0)
    throw MalformedAnswer("the new public key is no RSA modulus of this size");
  return key;
}

void load_key_pair(apdu::Card& card, Files& files, Byte number, const RsaPrivateKey& key) {
  const std::size_t half = key.modulus.size() / 2;
  load(card, files, private_key_path(number), private_value(key, half).view());
  Bytes public_value = little_endian(key.modulus, 2 * half);
  append(public_value, little_endian(key.public_exponent, half));
  load(card, files, public_key_path(number), public_value);
}

// 80 02 LLLL, then A5 pieces with a one-byte length; each command starts on a TLV.
StatusWord change_reference_data(apdu::Card& card, Byte reference, BytesView value) {
  constexpr std::size_t kMaxData = 255;
  Bytes data{0x80, 0x02};
  append(data, write_be(value.size(), 2));
  while (true) {
    const std::size_t room = kMaxData - data.size() - 2;
    const BytesView piece = value.first(std::min(room, value.size()));
    value = value.subspan(piece.size());
    data.push_back(0xA5);
    data.push_back(static_cast<Byte>(piece.size()));
    append(data, piece);
    const Byte cla = value.empty() ? 0x00 : 0x10;
    const StatusWord sw = card.send(apdu::Command::case3(cla, 0x24, 0x01, reference, data)).sw;
    if (sw != sw::kOk || value.empty()) return sw;
    data.clear();
  }
}

void choose_key(apdu::Card& card, Files& files, const FilePath& path, Byte reference,
                Byte template_tag) {
  files.select(path);
  const Bytes data{0x84, 0x01, reference};
  expect_ok("MANAGE SECURITY ENVIRONMENT",
            card.send(apdu::Command::case3(0x00, 0x22, 0x41, template_tag, data)));
}

Bytes sign_rsa(apdu::Card& card, BytesView block) {
  const auto answer = card.send(security_operation(0x9E, 0x9A, reversed(block)));
  expect_ok("COMPUTE DIGITAL SIGNATURE", answer);
  if (answer.data.size() != block.size())
    throw MalformedAnswer("the signature is not as long as the key");
  return reversed(answer.data);
}

Bytes sign_gost(apdu::Card& card, BytesView hash) {
  // The hash goes in its natural order, which is little-endian as a number; the answer is
  // r || s, each little-endian, and turned as a whole becomes s || r big-endian per PKCS#11.
  const auto answer = card.send(security_operation(0x9E, 0x9A, hash));
  expect_ok("COMPUTE DIGITAL SIGNATURE", answer);
  if (answer.data.size() != 2 * hash.size())
    throw MalformedAnswer("the signature is not as long as the key");
  return reversed(answer.data);
}

SecureBytes decipher_rsa(apdu::Card& card, BytesView cryptogram) {
  auto command = security_operation(0x80, 0x86, reversed(cryptogram));
  command.privacy = apdu::Privacy::kSecret;
  const auto answer = card.send(command);
  expect_ok("DECIPHER", answer);
  if (answer.data.size() != cryptogram.size())
    throw MalformedAnswer("the deciphered block is not as long as the key");
  return SecureBytes(reversed(answer.data));
}

}  // namespace kilt::kaztoken
