// Key objects: values, generation, use.
#include <algorithm>

#include "tests/virtual/jacarta/crypto.h"
#include "tests/virtual/jacarta/laser.h"
#include "tests/virtual/jacarta/tlv.h"

namespace kilt::vtoken::jacarta {
namespace {

/// Places of the operations in a KO's tag 86.
constexpr std::size_t kRead = 0, kGenerate = 4, kCrypto = 6;

constexpr std::uint8_t kDes = 0x10, kAes = 0x11;

// P1-P2 of the security operations.
constexpr unsigned kSign = 0x9E8A, kPrivateRaw = 0x800C, kDecipher = 0x800A, kPublicRaw = 0x820C;
constexpr unsigned kDesEncrypt = 0x8205, kDesDecrypt = 0x8005;
constexpr unsigned kAesEncrypt = 0x820E, kAesDecrypt = 0x800E, kAesMac = 0x9E12;

/// PKCS #1 v1.5 block type 1.
Bytes padded(const Bytes& data, std::size_t size) {
  Bytes block{0x00, 0x01};
  block.insert(block.end(), size - data.size() - 3, 0xFF);
  block.push_back(0x00);
  append(block, data);
  return block;
}

/// What is in a block of type 2.
std::optional<Bytes> unpadded(const Bytes& block) {
  constexpr std::ptrdiff_t kMinPadding = 8;
  if (block[0] != 0x00 || block[1] != 0x02) return std::nullopt;
  const auto zero = std::find(block.begin() + 2, block.end(), 0x00);
  if (zero == block.end() || zero - (block.begin() + 2) < kMinPadding) return std::nullopt;
  return Bytes(zero + 1, block.end());
}

Answer tagged(unsigned tag, const Bytes& value) {
  Answer answer;
  append_tlv(answer.data, tag, value);
  return answer;
}

Answer public_key(const RsaKey& key) {
  Bytes inner;
  append_tlv(inner, 0x81, key.n);
  append_tlv(inner, 0x82, key.e);
  return tagged(0x7F49, inner);
}

}  // namespace

/// 71 with the numbers of an RSA key (or nothing), the same numbers bare, or 82 with a secret key;
/// a logic object's expression in 81.
unsigned Laser::set_key(File& key, const Bytes& value) {
  const auto objects = parse_tlvs(value);
  if (!objects || objects->empty()) return kBadData;
  const Tlv& first = objects->front();
  if (key.is_logic()) {
    if (first.tag != 0x81 || objects->size() != 1) return kBadData;
    key.body = first.value;
    return kOk;
  }
  if (!key.is_rsa()) {
    const std::size_t size = first.value.size();
    const bool fits = key.algorithm() == kDes   ? size == 8 || size == 16 || size == 24
                      : key.algorithm() == kAes ? size == 16 || size == 24 || size == 32
                                                : false;
    if (first.tag != 0x82 || objects->size() != 1 || !fits || size != key.size) return kBadData;
    key.body = first.value;
    return kOk;
  }
  const bool in_template = first.tag == 0x71;
  if (in_template && objects->size() != 1) return kBadData;
  if (key.size != 0x80 && key.size != 0x100 && key.size != 0x200) return kBadData;
  const auto numbers = in_template ? parse_tlvs(first.value) : objects;
  if (!numbers) return kBadData;
  if (numbers->empty()) return kOk;
  const Tlv* e = find(*numbers, 0x90);
  const Tlv* n = find(*numbers, 0x91);
  const Tlv* d = find(*numbers, 0x92);
  if (e == nullptr || n == nullptr || e->value.empty() || n->value.size() != key.size ||
      n->value[0] < 0x80)
    return kBadData;
  const Tlv* primes = find(*numbers, 0x93);
  if (primes != nullptr && !factors_of(primes->value, n->value)) return kBadData;
  key.rsa = RsaKey{n->value, e->value, d != nullptr ? d->value : Bytes{}};
  return kOk;
}

Answer Laser::generate(const Apdu& apdu) {
  if (apdu.p1p2() != 0) return {{}, kBadParameters};
  if (!selected_->is_rsa()) return {{}, kConditions};
  const auto outer = parse_tlvs(apdu.data);
  if (!outer || outer->size() != 1 || outer->front().tag != 0xAC) return {{}, kBadData};
  const auto objects = parse_tlvs(outer->front().value);
  const Tlv* algorithm = objects ? find(*objects, 0x80) : nullptr;
  const Tlv* exponent = objects ? find(*objects, 0x81) : nullptr;
  if (algorithm == nullptr || algorithm->value.size() != 1 || exponent == nullptr ||
      exponent->value != Bytes{0x01, 0x00, 0x01})
    return {{}, kBadData};
  const unsigned bits = algorithm->value[0] == 0x06   ? 1024
                        : algorithm->value[0] == 0x07 ? 2048
                        : algorithm->value[0] == 0x08 ? 4096
                                                      : 0;
  const bool large =
      is("rsa-4096", "yes") || (is("rsa-4096", "auto") && is("personality", "aladdin"));
  if (bits != 8U * selected_->size || (bits == 4096 && !large)) return {{}, kBadData};
  if (!allowed(*selected_, kGenerate, apdu)) return {{}, kDenied};
  about_to_write();
  selected_->rsa = make_rsa(bits);
  return apdu.has_le ? public_key(*selected_->rsa) : Answer{};
}

Answer Laser::get_public_key(const Apdu& apdu) {
  if (apdu.p1p2() != 0) return {{}, kBadParameters};
  if (!selected_->is_rsa()) return {{}, kConditions};
  if (!allowed(*selected_, kRead, apdu)) return {{}, kDenied};
  if (!selected_->rsa) return {{}, kNoReference};
  return public_key(*selected_->rsa);
}

Answer Laser::perform_security_operation(const Apdu& apdu) {
  const unsigned operation = apdu.p1p2();
  const unsigned tag = (apdu.p1 == 0x80) ? 0x82 : 0x80;
  if (selected_->type != Type::kKo || selected_->is_pin() || selected_->is_logic())
    return {{}, kConditions};
  const auto objects = parse_tlvs(apdu.data);
  if (!objects || objects->size() != 1 || objects->front().tag != tag) return {{}, kBadData};
  if (!allowed(*selected_, kCrypto, apdu)) return {{}, kDenied};
  const Bytes& input = objects->front().value;
  return selected_->is_rsa() ? use_rsa(*selected_, operation, input)
                             : use_secret(*selected_, operation, input);
}

Answer Laser::use_rsa(const File& key, unsigned operation, const Bytes& input) {
  if (!key.rsa) return {{}, kNoReference};
  const RsaKey& rsa = *key.rsa;
  const std::size_t size = rsa.n.size();
  if (operation == kPublicRaw) {
    if (input.size() != size || !less(input, rsa.n)) return {{}, kBadData};
    return tagged(0x82, power(input, rsa.e, rsa.n));
  }
  if (operation != kSign && operation != kPrivateRaw && operation != kDecipher)
    return {{}, kBadParameters};
  if (rsa.d.empty()) return {{}, kConditions};
  if (operation == kSign) {
    if (input.size() + 11 > size) return {{}, kBadData};
    return {power(padded(input, size), rsa.d, rsa.n), kOk};
  }
  if (input.size() != size || !less(input, rsa.n)) return {{}, kBadData};
  const Bytes block = power(input, rsa.d, rsa.n);
  if (operation == kPrivateRaw) return tagged(0x80, block);
  const auto message = unpadded(block);
  if (!message) return {{}, kBadData};
  return tagged(0x80, *message);
}

Answer Laser::use_secret(const File& key, unsigned operation, const Bytes& input) {
  const bool aes = key.algorithm() == kAes;
  const bool known =
      aes ? operation == kAesEncrypt || operation == kAesDecrypt || operation == kAesMac
          : operation == kDesEncrypt || operation == kDesDecrypt;
  if (!known || input.empty() || input.size() % (aes ? 16 : 8) != 0) return {{}, kBadParameters};
  if (operation == kAesMac) return {aes_mac(key.body, input), kOk};
  const bool encrypt = operation == kAesEncrypt || operation == kDesEncrypt;
  const Bytes output = aes ? aes_ecb(key.body, input, encrypt) : des_ecb(key.body, input, encrypt);
  return tagged(encrypt ? 0x82 : 0x80, output);
}

}  // namespace kilt::vtoken::jacarta
