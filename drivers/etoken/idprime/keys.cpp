#include "drivers/etoken/idprime/keys.h"

#include <algorithm>

#include "apdu/tlv.h"
#include "drivers/status.h"

namespace kilt::etoken::idprime {
namespace {

constexpr Byte kSignTemplate = 0xB6, kDecipherTemplate = 0xB8;
// Algorithm byte: high nibble the hash (0 none, 4 SHA-256, 5 SHA-384, 6 SHA-512), low nibble what
// is done with it.
constexpr Byte kPkcs1 = 0x02, kEcdsa = 0x04, kPss = 0x05, kDecipherPkcs1 = 0x0A, kOaep = 0x0D;
constexpr Byte kHashSha1 = 0x10, kHashSha256 = 0x40, kHashSha384 = 0x50, kHashSha512 = 0x60;
constexpr std::size_t kMaxHashObject = 0x7F;
constexpr std::size_t kMaxRandom = 65536;

Byte hash_nibble(Hash hash) {
  switch (hash) {
    case Hash::kSha256:
      return kHashSha256;
    case Hash::kSha384:
      return kHashSha384;
    case Hash::kSha512:
      return kHashSha512;
    default:
      throw NotSupported("the token does this padding with SHA-256, SHA-384 and SHA-512 only");
  }
}

/// MSE SET with key and, if not 0, algorithm.
void choose(Files& files, Byte template_tag, Byte reference, Byte algorithm) {
  Bytes body;
  if (algorithm != 0) append(body, tlv::encode(0x80, Bytes{algorithm}));
  append(body, tlv::encode(0x84, Bytes{reference}));
  expect_ok("MSE SET", files.send(apdu::Command::case3(0x00, 0x22, 0x41, template_tag, body)));
}

Bytes compute(Files& files, const apdu::Command& command) {
  const auto answer = files.send(command);
  expect_ok("PSO COMPUTE DIGITAL SIGNATURE", answer);
  if (answer.data.empty()) throw MalformedAnswer("the signature is empty");
  return answer.data;
}

/// The hash (or DigestInfo) goes first, its echo is not needed.
Bytes sign_hash(Files& files, Byte reference, Byte algorithm, BytesView hash) {
  choose(files, kSignTemplate, reference, algorithm);
  auto command =
      apdu::Command::case4(0x00, 0x2A, 0x90, 0xA0, tlv::encode(0x90, hash), apdu::kLeShortMax);
  command.follow_61 = false;
  const auto answer = files.send(command);
  if (answer.sw.sw1() != 0x61) expect_ok("PSO HASH", answer);
  return compute(files, apdu::Command::case2(0x00, 0x2A, 0x9E, 0x9A, apdu::kLeShortMax));
}

Bytes pad_pkcs1(BytesView data, std::size_t size) {
  constexpr std::size_t kLeast = 11;
  if (data.size() + kLeast > size) throw InvalidData("too much data for this key");
  Bytes block{0x00, 0x01};
  block.resize(size - data.size() - 1, 0xFF);
  block.push_back(0x00);
  append(block, data);
  return block;
}

/// ECDSA takes whole words of 8 bytes, zeros in front; bits beyond the order do not count.
Bytes ecdsa_input(BytesView hash, unsigned bits) {
  constexpr std::size_t kWord = 8;
  const BytesView cut = hash.first(std::min<std::size_t>(hash.size(), (bits + 7) / 8));
  Bytes padded((kWord - cut.size() % kWord) % kWord, 0x00);
  append(padded, cut);
  return padded;
}

Byte ecdsa_algorithm(std::size_t size) {
  return static_cast<Byte>(kEcdsa | (size == 64   ? kHashSha512
                                     : size == 48 ? kHashSha384
                                                  : kHashSha256));
}

std::optional<Bytes> public_part(Files& files, Byte reference, Byte part) {
  const Bytes wanted{0xB6, 0x03, 0x83, 0x01, reference, 0x7F, 0x49, 0x02, part, 0x00};
  const auto answer =
      files.send(apdu::Command::case4(0x00, 0xCB, 0x00, 0xFF, wanted, apdu::kLeShortMax));
  if (!answer.ok()) return std::nullopt;
  // 7F49 { part }, alone or in B6 as ISO/IEC 7816-8 nests it.
  for (const auto& path : {std::initializer_list<std::uint32_t>{0x7F49, part},
                           std::initializer_list<std::uint32_t>{0xB6, 0x7F49, part}})
    if (const auto node = tlv::find_path(answer.data, path); node && !node->value.empty())
      return to_bytes(node->value);
  return std::nullopt;
}

Bytes without_leading_zeros(BytesView number) {
  while (number.size() > 1 && number.front() == 0) number = number.subspan(1);
  return to_bytes(number);
}

/// DER of the named curve by the length of its points.
Bytes curve_of(std::size_t coordinate) {
  switch (coordinate) {
    case 32:
      return from_hex("06082A8648CE3D030107");
    case 48:
      return from_hex("06052B81040022");
    case 66:
      return from_hex("06052B81040023");
    default:
      return {};
  }
}

}  // namespace

PublicKey read_public_key(Files& files, Byte reference, unsigned bits) {
  const auto rsa = [&]() -> PublicKey {
    const auto modulus = public_part(files, reference, 0x81);
    if (!modulus || modulus->size() < 64) return std::monostate{};
    // The card gives the exponent only if asked; 65537 is the makers' only one in public facts.
    const auto exponent = public_part(files, reference, 0x82);
    return RsaPublicKey{without_leading_zeros(*modulus),
                        exponent ? without_leading_zeros(*exponent) : Bytes{0x01, 0x00, 0x01}};
  };
  const auto ec = [&]() -> PublicKey {
    const auto point = public_part(files, reference, 0x86);
    if (!point || point->size() % 2 != 1 || point->front() != 0x04) return std::monostate{};
    Bytes curve = curve_of(point->size() / 2);
    if (curve.empty()) return std::monostate{};
    return EcPublicKey{std::move(curve), *point};
  };
  const bool ec_first = bits != 0 && bits <= 521;
  PublicKey key = ec_first ? ec() : rsa();
  if (bits == 0 && std::holds_alternative<std::monostate>(key)) key = ec();
  return key;
}

Bytes sign(Files& files, Byte reference, unsigned bits, SignScheme scheme, Hash hash,
           BytesView input) {
  switch (scheme) {
    case SignScheme::kRsaPss:
      return sign_hash(files, reference, static_cast<Byte>(kPss | hash_nibble(hash)), input);
    case SignScheme::kEcdsa: {
      const Bytes padded = ecdsa_input(input, bits);
      return sign_hash(files, reference, ecdsa_algorithm(padded.size()), padded);
    }
    case SignScheme::kRsaPkcs1:
      break;
    default:
      throw NotSupported("the token pads by itself: it signs no whole blocks");
  }
  if (input.size() <= kMaxHashObject && !input.empty())
    return sign_hash(files, reference, kPkcs1, input);
  // More than a DigestInfo: the whole block, by chaining.
  choose(files, kSignTemplate, reference, kPkcs1);
  return compute(files, apdu::Command::case4(0x00, 0x2A, 0x9E, 0x9A,
                                             pad_pkcs1(input, (bits + 7) / 8), apdu::kLeShortMax));
}

SecureBytes decipher(Files& files, Byte reference, DecryptScheme scheme, Hash hash,
                     BytesView cryptogram) {
  Byte algorithm = 0x10 | kDecipherPkcs1;
  if (scheme == DecryptScheme::kRsaOaep)
    algorithm = static_cast<Byte>(kOaep | (hash == Hash::kSha1 ? kHashSha1 : hash_nibble(hash)));
  else if (scheme != DecryptScheme::kRsaPkcs1)
    throw NotSupported("the token strips the padding by itself");
  choose(files, kDecipherTemplate, reference, algorithm);
  Bytes body{0x81};
  append(body, cryptogram);
  auto command = apdu::Command::case4(0x00, 0x2A, 0x80, 0x86, body, apdu::kLeShortMax);
  command.privacy = apdu::Privacy::kSecret;
  auto answer = files.send(command);
  try {
    expect_ok("PSO DECIPHER", answer);
  } catch (const CardFault&) {
    throw InvalidData("the token cannot decipher this");
  }
  if (answer.data.size() > cryptogram.size())
    throw MalformedAnswer("the deciphered text is longer than its key");
  return SecureBytes(std::move(answer.data));
}

SecureBytes agree(Files& files, Byte reference, BytesView point) {
  choose(files, kDecipherTemplate, reference, 0);
  Bytes body{0x00};
  append(body, point);
  auto command = apdu::Command::case4(0x00, 0x2A, 0x80, 0x86, body, apdu::kLeShortMax);
  command.privacy = apdu::Privacy::kSecret;
  auto answer = files.send(command);
  expect_ok("key agreement", answer);
  if (answer.data.size() != point.size() / 2)
    throw MalformedAnswer("the shared secret has a wrong length");
  return SecureBytes(std::move(answer.data));
}

Bytes random(Files& files, std::size_t size) {
  if (size > kMaxRandom) throw InvalidData("too many random bytes at once");
  // 16 bytes at once on some of these cards, 8 and another P2 on others.
  struct Form {
    Byte p2;
    std::uint32_t size;
  };
  Form form{0x00, 16};
  Bytes bytes;
  while (bytes.size() < size) {
    auto answer = files.send(apdu::Command::case2(0x00, 0x84, 0x00, form.p2, apdu::Le{form.size}));
    if (!answer.ok() && form.size == 16) {
      form = {0x01, 8};
      continue;
    }
    expect_ok("GET CHALLENGE", answer);
    if (answer.data.empty() || answer.data.size() > form.size)
      throw MalformedAnswer("GET CHALLENGE brought no or too many bytes");
    append(bytes, answer.data);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace kilt::etoken::idprime
