#include "drivers/crypto/cipher.h"

#include <array>

#include <fmt/format.h>
#include <openssl/core_names.h>

#include "drivers/crypto/errors.h"
#include "drivers/crypto/openssl.h"

namespace kilt::crypto {
namespace {

constexpr std::size_t kMaxPart = std::size_t{1} << 30;       // bytes in one call: OpenSSL takes int
constexpr std::size_t kMaxBuffered = std::size_t{64} << 20;  // bytes held back, GCM decryption

using MacPtr = std::unique_ptr<EVP_MAC, Deleter<EVP_MAC_free>>;
using MacCtx = std::unique_ptr<EVP_MAC_CTX, Deleter<EVP_MAC_CTX_free>>;

const char* mode_name(CipherMode mode) {
  switch (mode) {
    case CipherMode::kEcb:
      return "ECB";
    case CipherMode::kGcm:
      return "GCM";
    default:
      return "CBC";
  }
}

EvpCipher fetch_cipher(const std::string& name) {
  EvpCipher cipher(EVP_CIPHER_fetch(library(), name.c_str(), nullptr));
  if (!cipher) throw InvalidData("OpenSSL has no cipher of this name");
  return cipher;
}

EvpCipher fetch_cipher(const CipherParameters& parameters, std::size_t key_size) {
  return fetch_cipher(parameters.cipher == BlockCipher::kDes3
                          ? fmt::format("DES-EDE3-{}", mode_name(parameters.mode))
                          : fmt::format("AES-{}-{}", key_size * 8, mode_name(parameters.mode)));
}

Bytes update_context(EVP_CIPHER_CTX* context, BytesView data, std::size_t block) {
  Bytes output(data.size() + block);
  int size = 0;
  if (EVP_CipherUpdate(context, output.data(), &size, data.data(), static_cast<int>(data.size())) !=
      1)
    throw InvalidData("the cipher does not take this data");
  output.resize(static_cast<std::size_t>(size));
  return output;
}

}  // namespace

std::size_t cipher_block_size(BlockCipher cipher) noexcept {
  return cipher == BlockCipher::kAes ? 16 : 8;
}

struct Cipher::Impl {
  CipherMode mode;
  std::size_t block, tag_size;
  bool encrypt;
  EvpCipherCtx context;
  std::size_t total = 0, given = 0;
  Bytes held;  // GCM decryption
};

Cipher::Cipher(Cipher&&) noexcept = default;
Cipher& Cipher::operator=(Cipher&&) noexcept = default;
Cipher::~Cipher() = default;

Cipher::Cipher(const CipherParameters& parameters, BytesView key, bool encrypt)
    : impl_(std::make_unique<Impl>(Impl{parameters.mode,
                                        cipher_block_size(parameters.cipher),
                                        parameters.tag_size,
                                        encrypt,
                                        EvpCipherCtx(need(EVP_CIPHER_CTX_new())),
                                        0,
                                        0,
                                        {}})) {
  const EvpCipher cipher = fetch_cipher(parameters, key.size());
  EVP_CIPHER_CTX* context = impl_->context.get();
  const int direction = encrypt ? 1 : 0;
  std::size_t iv_size = parameters.iv.size();
  const std::array<OSSL_PARAM, 2> length{
      OSSL_PARAM_construct_size_t(OSSL_CIPHER_PARAM_AEAD_IVLEN, &iv_size),
      OSSL_PARAM_construct_end()};
  const bool gcm = parameters.mode == CipherMode::kGcm;
  if (EVP_CipherInit_ex2(context, cipher.get(), nullptr, nullptr, direction,
                         gcm ? length.data() : nullptr) != 1 ||
      EVP_CIPHER_CTX_get_key_length(context) != static_cast<int>(key.size()) ||
      EVP_CipherInit_ex2(context, nullptr, key.data(),
                         parameters.iv.empty() ? nullptr : parameters.iv.data(), direction,
                         nullptr) != 1)
    throw InvalidData("the cipher does not take these parameters");
  EVP_CIPHER_CTX_set_padding(context, parameters.mode == CipherMode::kCbcPad ? 1 : 0);
  int size = 0;
  if (gcm && !parameters.more.empty() &&
      EVP_CipherUpdate(context, nullptr, &size, parameters.more.data(),
                       static_cast<int>(parameters.more.size())) != 1)
    throw InvalidData("the cipher does not take these parameters");
}

bool Cipher::encrypts() const noexcept { return impl_->encrypt; }

std::size_t Cipher::update_size(std::size_t size) const noexcept {
  const Impl& own = *impl_;
  if (own.mode == CipherMode::kGcm) return own.encrypt ? size : 0;
  const std::size_t all = own.total + size;
  std::size_t whole = all / own.block * own.block;
  // The last block may be padding, so decryption keeps it back.
  if (own.mode == CipherMode::kCbcPad && !own.encrypt && whole == all && whole != 0)
    whole -= own.block;
  return whole - own.given;
}

std::size_t Cipher::whole_size(std::size_t size) const noexcept {
  const Impl& own = *impl_;
  const std::size_t all = own.total + size;
  if (own.mode == CipherMode::kGcm) {
    if (own.encrypt) return all - own.given + own.tag_size;
    return all > own.tag_size ? all - own.tag_size : 0;
  }
  const bool pads = own.mode == CipherMode::kCbcPad && own.encrypt;
  return (pads ? all / own.block * own.block + own.block : all) - own.given;
}

Bytes Cipher::update(BytesView data) {
  Impl& own = *impl_;
  if (data.size() > kMaxPart) throw InvalidData("too much data at once");
  own.total += data.size();
  if (own.mode == CipherMode::kGcm && !own.encrypt) {
    if (own.held.size() + data.size() > kMaxBuffered) throw InvalidData("too much data");
    append(own.held, data);
    return {};
  }
  if (data.empty()) return {};
  Bytes output = update_context(own.context.get(), data, own.block);
  own.given += output.size();
  return output;
}

bool Cipher::length_fits() const noexcept {
  const Impl& own = *impl_;
  switch (own.mode) {
    case CipherMode::kGcm:
      return own.encrypt || own.total >= own.tag_size;
    case CipherMode::kCbcPad:
      return own.encrypt || (own.total != 0 && own.total % own.block == 0);
    default:
      return own.total % own.block == 0;
  }
}

Bytes Cipher::finish() {
  Impl& own = *impl_;
  EVP_CIPHER_CTX* context = own.context.get();
  Bytes output;
  if (own.mode == CipherMode::kGcm && !own.encrypt) {
    if (own.held.size() < own.tag_size) throw InvalidData("the tag is missing");
    Bytes tag(own.held.end() - static_cast<std::ptrdiff_t>(own.tag_size), own.held.end());
    own.held.resize(own.held.size() - own.tag_size);
    output = update_context(context, own.held, own.block);
    if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()),
                            tag.data()) != 1)
      throw InvalidData("the cipher does not take this tag");
  }
  Bytes rest(own.block);
  int size = 0;
  if (EVP_CipherFinal_ex(context, rest.data(), &size) != 1)
    throw InvalidData("the encrypted data cannot be read with this key");
  append(output, BytesView(rest).first(static_cast<std::size_t>(size)));
  if (own.mode == CipherMode::kGcm && own.encrypt) {
    Bytes tag(own.tag_size);
    if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag.size()),
                            tag.data()) != 1)
      throw InvalidData("the cipher gives no tag of this length");
    append(output, tag);
  }
  return output;
}

namespace {

Bytes run_wrap(BytesView wrapping_key, BytesView input, bool wrap) {
  constexpr std::size_t kUnit = 8;  // bytes
  const std::size_t smallest = (wrap ? 2 : 3) * kUnit;
  if (input.size() < smallest || input.size() % kUnit != 0 || input.size() > 4096)
    throw InvalidData("a key of this length cannot be wrapped");
  const EvpCipher cipher = fetch_cipher(fmt::format("AES-{}-WRAP", wrapping_key.size() * 8));
  const EvpCipherCtx context(need(EVP_CIPHER_CTX_new()));
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  if (EVP_CipherInit_ex2(context.get(), cipher.get(), wrapping_key.data(), nullptr, wrap ? 1 : 0,
                         nullptr) != 1)
    throw InvalidData("this key wraps nothing");
  return update_context(context.get(), input, 2 * kUnit);
}

}  // namespace

Bytes aes_wrap(BytesView wrapping_key, BytesView key) { return run_wrap(wrapping_key, key, true); }

SecureBytes aes_unwrap(BytesView wrapping_key, BytesView wrapped) {
  return SecureBytes(run_wrap(wrapping_key, wrapped, false));
}

struct Mac::Impl {
  MacCtx context;
};

Mac::Mac(Mac&&) noexcept = default;
Mac& Mac::operator=(Mac&&) noexcept = default;
Mac::~Mac() = default;

Mac::Mac(Hash hash, BytesView key) : impl_(std::make_unique<Impl>()) {
  const MacPtr mac(need(EVP_MAC_fetch(library(), "HMAC", nullptr)));
  impl_->context.reset(need(EVP_MAC_CTX_new(mac.get())));
  std::string name = name_of(hash);
  const std::array<OSSL_PARAM, 2> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
      OSSL_PARAM_construct_end()};
  if (EVP_MAC_init(impl_->context.get(), key.data(), key.size(), parameters.data()) != 1)
    throw InvalidData("the MAC does not take this key");
}

void Mac::update(BytesView data) {
  if (EVP_MAC_update(impl_->context.get(), data.data(), data.size()) != 1)
    throw Error("the message authentication code failed");
}

Bytes Mac::finish() {
  Bytes value(EVP_MAX_MD_SIZE);
  std::size_t size = 0;
  if (EVP_MAC_final(impl_->context.get(), value.data(), &size, value.size()) != 1)
    throw Error("the message authentication code failed");
  value.resize(size);
  return value;
}

}  // namespace kilt::crypto
