#include "drivers/crypto/des.h"

#include "drivers/crypto/errors.h"
#include "drivers/crypto/openssl.h"

namespace kilt::crypto {
namespace {

constexpr std::size_t kBlock = 8;

/// One pass of a DES cipher by OpenSSL's name.
Bytes run(const char* name, BytesView key, const Byte* iv, BytesView data, bool encrypt) {
  const EvpCipher cipher(EVP_CIPHER_fetch(library(), name, nullptr));
  const EvpCipherCtx context(EVP_CIPHER_CTX_new());
  Bytes result(data.size() + kBlock);
  int size = 0, tail = 0;
  if (!cipher || !context ||
      EVP_CipherInit_ex2(context.get(), cipher.get(), key.data(), iv, encrypt ? 1 : 0, nullptr) !=
          1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
      EVP_CipherUpdate(context.get(), result.data(), &size, data.data(),
                       static_cast<int>(data.size())) != 1 ||
      EVP_CipherFinal_ex(context.get(), result.data() + size, &tail) != 1)
    throw Error("the 3DES cipher failed");
  result.resize(static_cast<std::size_t>(size) + static_cast<std::size_t>(tail));
  return result;
}

}  // namespace

Bytes des3_encrypt(const SecureBytes& key, BytesView data) {
  if (key.size() != 24 || data.size() % kBlock != 0) throw Error("wrong lengths for 3DES");
  return run("DES-EDE3-ECB", key.view(), nullptr, data, true);
}

Bytes des_ede2_cbc(BytesView key, BytesView iv, BytesView data, bool encrypt) {
  if (key.size() != 16 || iv.size() != kBlock || data.size() % kBlock != 0)
    throw Error("wrong lengths for 3DES");
  return run("DES-EDE-CBC", key, iv.data(), data, encrypt);
}

}  // namespace kilt::crypto
