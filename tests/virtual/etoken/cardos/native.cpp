// The layout of the vendor's own software: login by challenge, keys in 6666/1001, certificates in
// 6666/1002.
#include <algorithm>
#include <stdexcept>

#include <openssl/evp.h>

#include "tests/virtual/etoken/cardos/cardos.h"
#include "tests/virtual/etoken/key_pair.h"

namespace kilt::vtoken::etoken::cardos {
namespace {

constexpr std::uint8_t kUser = 1, kSo = 5;
constexpr std::uint8_t kFirstKey = 3;
constexpr std::uint8_t kRestored = 0xFE;  ///< the environment that public code restores before use
constexpr std::size_t kKeySize = 24, kRsaBytes = 256;

/// MD5 of 00 and the PIN, then of 01 and the PIN; 7 bits of that for each byte of the key, from the
/// lowest bit up.
Bytes key_of(const std::string& pin) {
  Bytes stream;
  for (std::uint8_t round = 0; round < 2; ++round) {
    Bytes input{round}, digest(16);
    append(input, text(pin));
    if (EVP_Q_digest(nullptr, "MD5", nullptr, input.data(), input.size(), digest.data(), nullptr) !=
        1)
      throw std::runtime_error("MD5 failed");
    append(stream, digest);
  }
  Bytes key(kKeySize);
  for (std::size_t bit = 0; bit < kKeySize * 7; ++bit)
    if ((unsigned{stream[bit / 8]} >> (bit % 8) & 1U) != 0)
      key[bit / 7] = static_cast<std::uint8_t>(key[bit / 7] | 1U << (bit % 7));
  return key;
}

std::unique_ptr<File> file_of(Type type, std::uint16_t id, Bytes body = {}) {
  auto file = std::make_unique<File>();
  file->type = type;
  file->id = id;
  file->size = body.size();
  file->body = std::move(body);
  return file;
}

/// 04 00, the length with this header (little-endian), the certificate.
Bytes certificate_file(const Bytes& der) {
  const std::size_t size = der.size() + 4;
  Bytes out{0x04, 0x00, static_cast<std::uint8_t>(size), static_cast<std::uint8_t>(size >> 8)};
  append(out, der);
  return out;
}

}  // namespace

void CardOs::set_native_pin(std::uint8_t reference, const std::string& pin) {
  File* application = master_->child(0x6666);
  if (application == nullptr) throw std::invalid_argument("only in the native layout");
  application->tests[reference].value = key_of(pin);
  application->tests[reference].tries_left = application->tests[reference].tries_max;
}

void CardOs::make_native() {
  constexpr std::uint8_t kNever = 0xFF;
  File* application = master_->add(file_of(Type::kDf, 0x6666));
  for (const std::uint8_t reference : {kUser, kSo}) {
    TestObject& test = application->tests[reference];
    test.by_challenge = true;
    test.tries_max = test.tries_left = 15;
    test.change = kNever;
  }
  set_native_pin(kUser, "1234567890");
  set_native_pin(kSo, "administrator");
  application->environments[kRestored] = Bytes(6, 0x00);
  application->add(file_of(Type::kDf, 0x0001));
  File* keys = application->add(file_of(Type::kDf, 0x1001));
  File* certificates = application->add(file_of(Type::kDf, 0x1002));
  File* attributes = application->add(file_of(Type::kDf, 0x1004));
  const unsigned count = is("native-pairs", "2") ? 2 : 1;
  for (unsigned i = 0; i < count; ++i) {
    KeyObject key;
    key.algorithm = 0x0A;
    key.use = key.change = key.generate = kUser;
    key.complete = true;
    for (std::uint8_t number = 0; number < 5; ++number)
      key.components[number] = Bytes(kRsaBytes / 2, 0xFF);
    const auto [modulus, exponent] = key.generate_new();
    const KeyPair pair = KeyPair::rsa_from_primes(key.components[0], key.components[1], exponent);
    keys->keys[static_cast<std::uint8_t>(kFirstKey + i)] = key;
    const auto number = static_cast<std::uint16_t>(count - i);
    certificates->add(file_of(
        Type::kTransparent, number,
        certificate_file(make_certificate(pair, "Virtual owner " + std::to_string(i + 1)))));
    attributes->add(file_of(Type::kTransparent, number, random_bytes(60)));
  }
  reset();
}

}  // namespace kilt::vtoken::etoken::cardos
