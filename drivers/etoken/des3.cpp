#include "drivers/etoken/des3.h"

#include <memory>

#include <openssl/evp.h>

#include "apdu/errors.h"
#include "drivers/crypto.h"

namespace kilt::etoken {

Bytes des3_encrypt(const SecureBytes& key, BytesView data) {
  constexpr std::size_t kKey = 24, kBlock = 8;
  if (key.size() != kKey || data.size() % kBlock != 0) throw Error("wrong lengths for 3DES");
  const std::unique_ptr<EVP_CIPHER, void (*)(EVP_CIPHER*)> cipher(
      EVP_CIPHER_fetch(crypto::library(), "DES-EDE3-ECB", nullptr), &EVP_CIPHER_free);
  const std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> context(EVP_CIPHER_CTX_new(),
                                                                           &EVP_CIPHER_CTX_free);
  Bytes result(data.size() + kBlock);
  int size = 0, tail = 0;
  if (!cipher || !context ||
      EVP_EncryptInit_ex2(context.get(), cipher.get(), key.view().data(), nullptr, nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
      EVP_EncryptUpdate(context.get(), result.data(), &size, data.data(),
                        static_cast<int>(data.size())) != 1 ||
      EVP_EncryptFinal_ex(context.get(), result.data() + size, &tail) != 1)
    throw Error("3DES failed");
  result.resize(static_cast<std::size_t>(size + tail));
  return result;
}

}  // namespace kilt::etoken
