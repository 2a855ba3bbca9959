#include "drivers/crypto/pkcs12_kdf.h"

#include <openssl/pkcs12.h>

#include "apdu/errors.h"
#include "drivers/crypto/openssl.h"

namespace kilt::crypto {

SecureBytes pkcs12_derive(BytesView password, BytesView salt, Pkcs12Purpose purpose,
                          unsigned iterations, std::size_t size, Hash hash) {
  // OpenSSL's parameters are not const.
  Bytes password_copy = to_bytes(password);
  Bytes salt_copy = to_bytes(salt);
  Bytes key(size);
  const EvpMd md = fetch(hash);
  if (PKCS12_key_gen_uni_ex(password_copy.data(), static_cast<int>(password_copy.size()),
                            salt_copy.data(), static_cast<int>(salt_copy.size()),
                            static_cast<int>(purpose), static_cast<int>(iterations),
                            static_cast<int>(size), key.data(), md.get(), library(), nullptr) != 1)
    throw Error("the key cannot be derived from the password");
  return SecureBytes(std::move(key));
}

}  // namespace kilt::crypto
