#include "drivers/jacarta/laser_crypto.h"

#include <algorithm>

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "apdu/tlv.h"
#include "drivers/crypto.h"
#include "drivers/errors.h"

namespace kilt::jacarta {
namespace {

constexpr std::size_t kBlock = 8, kKeySize = 16;
constexpr std::size_t kMacOffset = 24;  // of Kmac in the shared secret; Kenc starts at 0
constexpr unsigned kMinPrimeBits = 1024, kMaxPrimeBits = 4096;

struct Free {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  void operator()(BIGNUM* number) const { BN_clear_free(number); }
  void operator()(BN_CTX* context) const { BN_CTX_free(context); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

/// Two-key 3DES in CBC mode over whole blocks.
Bytes des_cbc(BytesView key, BytesView iv, BytesView input, bool encrypt) {
  const Owned<EVP_CIPHER> cipher(EVP_CIPHER_fetch(crypto::library(), "DES-EDE-CBC", nullptr));
  const Owned<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  Bytes output(input.size() + kBlock);
  int size = 0, last = 0;
  if (!cipher || !context || key.size() != kKeySize || iv.size() != kBlock ||
      EVP_CipherInit_ex2(context.get(), cipher.get(), key.data(), iv.data(), encrypt ? 1 : 0,
                         nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
      EVP_CipherUpdate(context.get(), output.data(), &size, input.data(),
                       static_cast<int>(input.size())) != 1 ||
      EVP_CipherFinal_ex(context.get(), output.data() + size, &last) != 1)
    throw Error("the 3DES cipher failed");
  output.resize(static_cast<std::size_t>(size) + static_cast<std::size_t>(last));
  return output;
}

const Bytes& zero_block() {
  static const Bytes zeros(kBlock, 0x00);
  return zeros;
}

Owned<BIGNUM> number(BytesView bytes) {
  Owned<BIGNUM> value(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  if (!value) throw std::bad_alloc();
  return value;
}

/// 1 < value < prime - 1.
bool in_group(BytesView value, const BIGNUM* prime) {
  const Owned<BIGNUM> candidate = number(value);
  const Owned<BIGNUM> last(BN_dup(prime));
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
    return des_cbc(keys_.encryption.view(), zero_block(), padded, true);
  }
  [[nodiscard]] Bytes decrypt(BytesView blocks) const override {
    return des_cbc(keys_.encryption.view(), zero_block(), blocks, false);
  }
  [[nodiscard]] Bytes mac(BytesView padded) const override {
    Bytes single = to_bytes(keys_.mac.view().first(kBlock));  // single DES: both halves the same
    append(single, keys_.mac.view().first(kBlock));
    Bytes chain = zero_block();
    if (padded.size() > kBlock) {
      const Bytes head = des_cbc(single, zero_block(), padded.first(padded.size() - kBlock), true);
      chain.assign(head.end() - kBlock, head.end());
    }
    return des_cbc(keys_.mac.view(), chain, padded.last(kBlock), true);
  }

 private:
  SessionKeys keys_;
};

}  // namespace

Bytes host_random(std::size_t size) {
  Bytes bytes(size);
  if (RAND_bytes_ex(crypto::library(), bytes.data(), size, 0) != 1)
    throw Error("no random numbers");
  return bytes;
}

Bytes pin_cryptogram(BytesView pin, BytesView host_random, BytesView challenge) {
  Bytes key = crypto::sha1(pin);
  key.resize(kKeySize);
  Bytes blocks = to_bytes(host_random);
  append(blocks, challenge);
  return des_cbc(key, zero_block(), blocks, true);
}

ChannelParameters parse_channel_parameters(BytesView answer) {
  const auto generator = tlv::find(answer, 0x80);
  const auto prime = tlv::find(answer, 0x81);
  const auto value = tlv::find(answer, 0x82);
  if (!generator || !prime || !value)
    throw NotSupported("the token offers no secure channel of a published kind");
  const Owned<BIGNUM> modulus = number(prime->value);
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
  Bytes secret(parameters_.prime.size());
  if (RAND_priv_bytes_ex(crypto::library(), secret.data(), secret.size(), 0) != 1)
    throw Error("no random numbers");
  secret_ = SecureBytes(std::move(secret));
}

KeyAgreement::KeyAgreement(ChannelParameters parameters, SecureBytes secret)
    : parameters_(std::move(parameters)), secret_(std::move(secret)) {}

Bytes KeyAgreement::power(BytesView base) const {
  const Owned<BN_CTX> context(BN_CTX_secure_new_ex(crypto::library()));
  const Owned<BIGNUM> result(BN_secure_new());
  const Owned<BIGNUM> prime = number(parameters_.prime), root = number(base),
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
