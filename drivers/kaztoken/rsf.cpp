#include "drivers/kaztoken/rsf.h"

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

}  // namespace

FilePath private_key_path(Byte number) { return {kKeyRoot, kKeyRoot, kPrivateKeys, number}; }
FilePath public_key_path(Byte number) { return {kKeyRoot, kKeyRoot, kPublicKeys, number}; }

void choose_key(apdu::Card& card, FileSystem& files, const FilePath& path, Byte reference,
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
