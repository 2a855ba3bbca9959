#include "drivers/jacarta/laser_crypto.h"

#include <algorithm>

#include "apdu/tlv.h"
#include "drivers/crypto/des.h"
#include "drivers/crypto/openssl.h"
#include "drivers/crypto/random.h"
#include "drivers/errors.h"

namespace kilt::jacarta {
namespace {

using crypto::BigNumber;
using crypto::BigNumberCtx;
using crypto::des_ede2_cbc;
using crypto::number;

constexpr std::size_t kBlock = 8, kKeySize = 16;
constexpr std::size_t kMacOffset = 24;  // of Kmac in the shared secret; Kenc starts at 0
constexpr unsigned kMinPrimeBits = 1024, kMaxPrimeBits = 4096;

const Bytes& zero_block() {
  static const Bytes zeros(kBlock, 0x00);
  return zeros;
}

/// 1 < value < prime - 1.
bool in_group(BytesView value, const BIGNUM* prime) {
  const BigNumber candidate = number(value);
  const BigNumber last(BN_dup(prime));
  if (!last || BN_sub_word(last.get(), 1) != 1) throw std::bad_alloc();
  return BN_cmp(candidate.get(), BN_value_one()) > 0 && BN_cmp(candidate.get(), last.get()) < 0;
}

Bytes exclusive_or(BytesView a, BytesView b) {
  Bytes result = to_bytes(a);
  std::ranges::transform(result, b, result.begin(),
                         [](Byte x, Byte y) { return static_cast<Byte>(x ^ y); });
  return result;
}

class LaserSuite : public apdu::SecureMessagingSuite {
 public:
  explicit LaserSuite(SessionKeys keys) : keys_(std::move(keys)) {}

  [[nodiscard]] std::size_t block() const override { return kBlock; }
  [[nodiscard]] Bytes encrypt(BytesView padded) const override {
    return des_ede2_cbc(keys_.encryption.view(), zero_block(), padded, true);
  }
  [[nodiscard]] Bytes decrypt(BytesView blocks) const override {
    return des_ede2_cbc(keys_.encryption.view(), zero_block(), blocks, false);
  }
  [[nodiscard]] Bytes mac(BytesView padded) const override {
    Bytes single = to_bytes(keys_.mac.view().first(kBlock));  // single DES: both halves the same
    append(single, keys_.mac.view().first(kBlock));
    Bytes chain = zero_block();
    if (padded.size() > kBlock) {
      const Bytes head =
          des_ede2_cbc(single, zero_block(), padded.first(padded.size() - kBlock), true);
      chain.assign(head.end() - kBlock, head.end());
    }
    return des_ede2_cbc(keys_.mac.view(), chain, padded.last(kBlock), true);
  }

 private:
  SessionKeys keys_;
};

}  // namespace

Bytes host_random(std::size_t size) { return crypto::random_bytes(size); }

Bytes pin_cryptogram(BytesView pin, BytesView host_random, BytesView challenge) {
  Bytes key = crypto::sha1(pin);
  key.resize(kKeySize);
  Bytes blocks = to_bytes(host_random);
  append(blocks, challenge);
  return des_ede2_cbc(key, zero_block(), blocks, true);
}

ChannelParameters parse_channel_parameters(BytesView answer) {
  const auto generator = tlv::find(answer, 0x80);
  const auto prime = tlv::find(answer, 0x81);
  const auto value = tlv::find(answer, 0x82);
  if (!generator || !prime || !value)
    throw NotSupported("the token offers no secure channel of a published kind");
  const BigNumber modulus = number(prime->value);
  const auto bits = static_cast<unsigned>(BN_num_bits(modulus.get()));
  if (bits < kMinPrimeBits || bits > kMaxPrimeBits || BN_is_odd(modulus.get()) != 1)
    throw MalformedAnswer("the token's channel parameters are not usable");
  if (generator->value.size() > prime->value.size() || value->value.size() > prime->value.size() ||
      !in_group(generator->value, modulus.get()) || !in_group(value->value, modulus.get()))
    throw MalformedAnswer("the token's channel parameters would give no secret");
  ChannelParameters parameters;
  parameters.generator = to_bytes(generator->value);
  parameters.prime = to_bytes(prime->value);
  parameters.card_value = to_bytes(value->value);
  return parameters;
}

KeyAgreement::KeyAgreement(ChannelParameters parameters) : parameters_(std::move(parameters)) {
  secret_ = crypto::random_secret(parameters_.prime.size());
}

KeyAgreement::KeyAgreement(ChannelParameters parameters, SecureBytes secret)
    : parameters_(std::move(parameters)), secret_(std::move(secret)) {}

Bytes KeyAgreement::power(BytesView base) const {
  const BigNumberCtx context(BN_CTX_secure_new_ex(crypto::library()));
  const BigNumber result(BN_secure_new());
  const BigNumber prime = number(parameters_.prime), root = number(base),
                  exponent = number(secret_.view());
  if (!context || !result) throw std::bad_alloc();
  BN_set_flags(exponent.get(), BN_FLG_CONSTTIME);
  Bytes value(parameters_.prime.size());
  if (BN_mod_exp_mont_consttime(result.get(), root.get(), exponent.get(), prime.get(),
                                context.get(), nullptr) != 1 ||
      BN_bn2binpad(result.get(), value.data(), static_cast<int>(value.size())) < 0)
    throw Error("the key agreement failed");
  return value;
}

Bytes KeyAgreement::public_value() const { return power(parameters_.generator); }

SecureBytes KeyAgreement::shared_secret() const {
  return SecureBytes(power(parameters_.card_value));
}

SessionKeys KeyAgreement::session_keys(BytesView card_random) const {
  return derive_session_keys(shared_secret().view(), card_random);
}

SessionKeys derive_session_keys(BytesView shared_secret, BytesView card_random) {
  if (card_random.size() != kSessionRandomSize)
    throw MalformedAnswer("the token opens its channel with a wrong number of bytes");
  if (shared_secret.size() < kMacOffset + kKeySize) throw Error("the shared secret is too short");
  SessionKeys keys;
  keys.encryption =
      SecureBytes(exclusive_or(shared_secret.first(kKeySize), card_random.first(kKeySize)));
  keys.mac = SecureBytes(
      exclusive_or(shared_secret.subspan(kMacOffset, kKeySize), card_random.last(kKeySize)));
  return keys;
}

std::unique_ptr<apdu::SecureMessagingSuite> make_suite(SessionKeys keys) {
  return std::make_unique<LaserSuite>(std::move(keys));
}

}  // namespace kilt::jacarta
