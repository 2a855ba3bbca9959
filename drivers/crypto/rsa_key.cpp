#include "drivers/crypto/rsa_key.h"

#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/rsa.h>

#include "apdu/tlv.h"
#include "drivers/crypto/asn1.h"
#include "drivers/crypto/errors.h"
#include "drivers/crypto/openssl.h"
#include "drivers/crypto/rsa.h"

namespace kilt::crypto {
namespace {

constexpr unsigned kMinBits = 1024, kMaxBits = 16384;
using DecoderCtx = std::unique_ptr<OSSL_DECODER_CTX, Deleter<OSSL_DECODER_CTX_free>>;
using EncoderCtx = std::unique_ptr<OSSL_ENCODER_CTX, Deleter<OSSL_ENCODER_CTX_free>>;

Bytes public_number(const EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) throw InvalidData("the RSA key is incomplete");
  const BigNumber value(raw);
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(value.get())));
  BN_bn2bin(value.get(), bytes.data());
  return bytes;
}

class RsaHostKey : public HostKey {
 public:
  explicit RsaHostKey(EvpPkey key) : key_(std::move(key)) {
    own_.modulus = public_number(key_.get(), OSSL_PKEY_PARAM_RSA_N);
    own_.exponent = public_number(key_.get(), OSSL_PKEY_PARAM_RSA_E);
    bits_ = static_cast<unsigned>(EVP_PKEY_get_bits(key_.get()));
    if (bits_ < kMinBits || bits_ > kMaxBits)
      throw NotSupported("an RSA key of this length is not used");
    public_ = own_;
  }
  [[nodiscard]] KeyType type() const override { return KeyType::kRsa; }
  [[nodiscard]] unsigned bits() const override { return bits_; }
  [[nodiscard]] const PublicKey& public_key() const override { return public_; }
  [[nodiscard]] SecureBytes private_key_info() const override {
    const EncoderCtx encoder(need(OSSL_ENCODER_CTX_new_for_pkey(key_.get(), EVP_PKEY_KEYPAIR, "DER",
                                                                "PrivateKeyInfo", nullptr)));
    unsigned char* raw = nullptr;
    std::size_t size = 0;
    if (OSSL_ENCODER_to_data(encoder.get(), &raw, &size) != 1)
      throw Error("the RSA key cannot be written");
    SecureBytes info(BytesView(raw, size));
    OPENSSL_clear_free(raw, size);
    return info;
  }
  [[nodiscard]] Bytes sign(BytesView input) const override {
    Bytes block = power(input).release();
    if (!equal(rsa_public(own_, block), input))
      throw Error("the signature just made does not verify: it was thrown away");
    return block;
  }
  [[nodiscard]] SecureBytes decrypt(BytesView cryptogram) const override {
    return power(cryptogram);
  }

 private:
  /// RSADP with OpenSSL's blinding.
  [[nodiscard]] SecureBytes power(BytesView input) const {
    if (input.size() != own_.modulus.size())
      throw InvalidData("the input is not as long as the modulus");
    const EvpPkeyCtx context(need(EVP_PKEY_CTX_new_from_pkey(library(), key_.get(), nullptr)));
    Bytes output(own_.modulus.size());
    std::size_t size = output.size();
    if (EVP_PKEY_decrypt_init(context.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) != 1 ||
        EVP_PKEY_decrypt(context.get(), output.data(), &size, input.data(), input.size()) != 1 ||
        size != output.size())
      throw InvalidData("the data does not suit this key");
    return SecureBytes(std::move(output));
  }

  EvpPkey key_;
  RsaPublicKey own_;
  PublicKey public_;
  unsigned bits_ = 0;
};

/// INTEGER of a big-endian number.
void add_number(Bytes& to, BytesView big_endian) {
  Bytes body{0x00};
  append(body, big_endian);
  BytesView shortest = body;
  while (shortest.size() > 1 && shortest[0] == 0 && (shortest[1] & 0x80) == 0)
    shortest = shortest.subspan(1);
  append(to, tlv::encode(asn1::kInteger, shortest));
}

}  // namespace

std::unique_ptr<HostKey> read_rsa_key(BytesView private_key_info) {
  EVP_PKEY* raw = nullptr;
  // Decoded by our own provider: no engine of the process is asked.
  const DecoderCtx decoder(need(OSSL_DECODER_CTX_new_for_pkey(
      &raw, "DER", "PrivateKeyInfo", "RSA", EVP_PKEY_KEYPAIR, library(), nullptr)));
  const unsigned char* at = private_key_info.data();
  std::size_t left = private_key_info.size();
  if (OSSL_DECODER_from_data(decoder.get(), &at, &left) != 1)
    throw InvalidData("the RSA key makes no sense");
  return std::make_unique<RsaHostKey>(EvpPkey(raw));
}

std::unique_ptr<HostKey> make_rsa_key(const RsaPrivateKey& key) {
  if (key.prime1.empty() || key.prime2.empty() || key.exponent1.empty() || key.exponent2.empty() ||
      key.coefficient.empty())
    throw InvalidData("an RSA key is kept with its primes only");
  Bytes body = from_hex("020100");
  for (const BytesView part : {BytesView(key.modulus), BytesView(key.public_exponent),
                               key.private_exponent.view(), key.prime1.view(), key.prime2.view(),
                               key.exponent1.view(), key.exponent2.view(), key.coefficient.view()})
    add_number(body, part);
  Bytes info = from_hex("020100300D06092A864886F70D0101010500");
  append(info, tlv::encode(asn1::kOctetString, tlv::encode(asn1::kSequence, body)));
  auto made = read_rsa_key(tlv::encode(asn1::kSequence, info));
  // The numbers must belong together: a block there and back.
  const Bytes probe = [&] {
    Bytes block(key.modulus.size(), 0x00);
    block.back() = 0x02;
    return block;
  }();
  static_cast<void>(made->sign(probe));
  return made;
}

std::unique_ptr<HostKey> generate_rsa_key(unsigned bits, BytesView public_exponent) {
  if (bits < 2048 || bits > 4096) throw InvalidData("RSA keys of 2048 to 4096 bits are made");
  const EvpPkeyCtx context(need(EVP_PKEY_CTX_new_from_name(library(), "RSA", nullptr)));
  EVP_PKEY* raw = nullptr;
  if (EVP_PKEY_keygen_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), static_cast<int>(bits)) != 1)
    throw Error("the RSA key cannot be made");
  if (!public_exponent.empty()) {
    const BigNumber exponent = number(public_exponent);
    if (EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context.get(), exponent.get()) != 1)
      throw InvalidData("this public exponent is refused");
  }
  if (EVP_PKEY_generate(context.get(), &raw) != 1) throw InvalidData("the RSA key cannot be made");
  return std::make_unique<RsaHostKey>(EvpPkey(raw));
}

}  // namespace kilt::crypto
