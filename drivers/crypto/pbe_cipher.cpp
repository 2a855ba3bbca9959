#include "drivers/crypto/pbe_cipher.h"

#include <algorithm>
#include <array>

#include <nettle/arctwo.h>

#include "drivers/crypto/errors.h"
#include "drivers/crypto/openssl.h"

namespace kilt::crypto {
namespace {

const char* name_of(PbeCipher cipher) {
  switch (cipher) {
    case PbeCipher::kDes3:
      return "DES-EDE3-CBC";
    case PbeCipher::kDes2:
      return "DES-EDE-CBC";
    case PbeCipher::kAes128:
      return "AES-128-CBC";
    case PbeCipher::kAes192:
      return "AES-192-CBC";
    case PbeCipher::kAes256:
      return "AES-256-CBC";
    case PbeCipher::kRc2:
      break;
  }
  return "";
}

std::size_t block_of(PbeCipher cipher) {
  switch (cipher) {
    case PbeCipher::kAes128:
    case PbeCipher::kAes192:
    case PbeCipher::kAes256:
      return 16;
    case PbeCipher::kDes3:
    case PbeCipher::kDes2:
    case PbeCipher::kRc2:
      break;
  }
  return 8;
}

/// RC2 in CBC mode; the effective key length is the key's own.
Bytes rc2(const SecureBytes& key, BytesView iv, BytesView data, bool encrypt) {
  arctwo_ctx context;
  const auto bits = static_cast<unsigned>(8 * key.size());
  arctwo_set_key_ekb(&context, key.size(), key.view().data(), bits);
  Bytes result(data.size());
  std::array<Byte, ARCTWO_BLOCK_SIZE> chain{};
  std::ranges::copy(iv.first(chain.size()), chain.begin());
  for (std::size_t at = 0; at < data.size(); at += chain.size()) {
    const BytesView in = data.subspan(at, chain.size());
    const std::span<Byte> out = std::span(result).subspan(at, chain.size());
    if (encrypt) {
      for (std::size_t i = 0; i < chain.size(); ++i) chain[i] = static_cast<Byte>(chain[i] ^ in[i]);
      arctwo_encrypt(&context, chain.size(), out.data(), chain.data());
      std::ranges::copy(out, chain.begin());
    } else {
      arctwo_decrypt(&context, chain.size(), out.data(), in.data());
      for (std::size_t i = 0; i < chain.size(); ++i) out[i] = static_cast<Byte>(out[i] ^ chain[i]);
      std::ranges::copy(in, chain.begin());
    }
  }
  wipe(&context, sizeof context);
  wipe(chain.data(), chain.size());
  return result;
}

/// Whole blocks through OpenSSL.
Bytes evp(PbeCipher kind, const SecureBytes& key, BytesView iv, BytesView data, bool encrypt) {
  const EvpCipher cipher(need(EVP_CIPHER_fetch(library(), name_of(kind), nullptr)));
  const EvpCipherCtx context(need(EVP_CIPHER_CTX_new()));
  Bytes result(data.size() + block_of(kind));
  int size = 0, tail = 0;
  if (EVP_CipherInit_ex2(context.get(), cipher.get(), key.view().data(), iv.data(), encrypt ? 1 : 0,
                         nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
      EVP_CipherUpdate(context.get(), result.data(), &size, data.data(),
                       static_cast<int>(data.size())) != 1 ||
      EVP_CipherFinal_ex(context.get(), result.data() + size, &tail) != 1)
    throw Error("the cipher failed");
  result.resize(static_cast<std::size_t>(size) + static_cast<std::size_t>(tail));
  return result;
}

Bytes run(PbeCipher cipher, const SecureBytes& key, BytesView iv, BytesView data, bool encrypt) {
  return cipher == PbeCipher::kRc2 ? rc2(key, iv, data, encrypt)
                                   : evp(cipher, key, iv, data, encrypt);
}

}  // namespace

SecureBytes pbe_decrypt(PbeCipher cipher, const SecureBytes& key, BytesView iv,
                        BytesView cryptogram) {
  const std::size_t block = block_of(cipher);
  if (cryptogram.empty() || cryptogram.size() % block != 0)
    throw InvalidData("the enciphered part has a wrong length");
  Bytes plain = run(cipher, key, iv, cryptogram, false);
  const std::size_t pad = plain.back();
  const bool right = pad >= 1 && pad <= block &&
                     std::all_of(plain.end() - static_cast<std::ptrdiff_t>(pad), plain.end(),
                                 [&](Byte byte) { return byte == pad; });
  if (!right) throw InvalidData("the enciphered part does not open: a wrong password, or damage");
  plain.resize(plain.size() - pad);
  return SecureBytes(std::move(plain));
}

Bytes pbe_encrypt(PbeCipher cipher, const SecureBytes& key, BytesView iv, BytesView plain) {
  const std::size_t block = block_of(cipher);
  const std::size_t pad = block - plain.size() % block;
  Bytes padded;
  padded.reserve(plain.size() + pad);
  append(padded, plain);
  padded.insert(padded.end(), pad, static_cast<Byte>(pad));
  return run(cipher, key, iv, padded, true);
}

}  // namespace kilt::crypto
